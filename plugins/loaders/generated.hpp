// A source of data that is made, not stored: endless, of a stream for each training step and one for the rows that are
// measured. Sample k of a stream depends on k only.
#pragma once

#include "noneq/plugin.hpp"

namespace shipped {

class generated_source : public noneq::source {
 public:
  generated_source(std::int64_t batch_size, const noneq::stream& s) : batch_size_(batch_size), rows_(s.fork("rows")) {}

  const noneq::dataset_info& info() const override { return info_; }
  noneq::batch fetch(std::int64_t step, const noneq::stream& s) override {
    return rows(s.fork(step), step, 0, batch_size_);
  }
  noneq::batch fetch_share(std::int64_t step, const noneq::stream& s, const noneq::batch_share& share) override {
    const std::int64_t first = share.begin(batch_size_);
    noneq::batch some = rows(s.fork(step), step, first, share.end(batch_size_) - first);
    some.of_rows = batch_size_;
    return some;
  }
  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override { return rows(rows_, 0, first, count); }

 protected:
  // x⁰ [count, …] of samples first, first + 1, … of a stream.
  virtual noneq::Tensor samples(const noneq::stream& s, std::int64_t first, std::int64_t count) const = 0;

  // Adds what the rows hold beside x⁰, or depends on it.
  virtual void add_fields(noneq::batch&, const noneq::stream&) const {}

  noneq::dataset_info info_;

 private:
  noneq::batch rows(const noneq::stream& s, std::int64_t step, std::int64_t first, std::int64_t count) const {
    noneq::batch b{step, first, {{"x0", samples(s, first, count)}}};
    add_fields(b, s);
    return b;
  }

  const std::int64_t batch_size_;
  const noneq::stream rows_;
};

}
