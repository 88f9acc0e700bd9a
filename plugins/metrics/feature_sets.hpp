// Metrics that compare two whole sets of features hold both: as many rows of the data as there are samples. One thread,
// but for digest().
#pragma once

#include "reference.hpp"

namespace noneq {

class feature_sets : public feature_meter {
 public:
  using feature_meter::feature_meter;

  void add(const batch& digested) override { parts_.push_back(digested.at("features")); }

 protected:
  Tensor samples() const { return at::cat(parts_); }  // [n, D]

  // Features [k, D] of the first rows: `rows` of them, or by default `wanted`, or as many as there are.
  Tensor data(measurement& m, std::int64_t wanted) {
    chosen_ = choose_rows(info_, of_.with, of_.rows > 0 ? of_.rows : wanted, "with", "rows");
    return kept_or_made(of_.cache_folder(m), "features-" + of_.features->label(), of_.key(info_, chosen_, "features"),
                        !of_.cache.empty(),
                        [&]() -> kept_tensors {
                          std::vector<Tensor> all;
                          of_.visit(m, chosen_, *map_, [&](const Tensor& rows) { all.push_back(rows); });
                          return {{"features", at::cat(all)}};
                        })
        .at("features");
  }

  const std::string& part() const { return chosen_.part; }

 private:
  chosen_rows chosen_{"", 0};
  std::vector<Tensor> parts_;
};

}
