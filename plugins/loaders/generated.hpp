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
    return {step, 0, {{"x0", samples(s.fork(step), 0, batch_size_)}}};
  }
  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override {
    return {0, first, {{"x0", samples(rows_, first, count)}}};
  }

 protected:
  // x⁰ [count, …] of samples first, first + 1, … of a stream.
  virtual noneq::Tensor samples(const noneq::stream& s, std::int64_t first, std::int64_t count) const = 0;

  noneq::dataset_info info_;

 private:
  const std::int64_t batch_size_;
  const noneq::stream rows_;
};

}
