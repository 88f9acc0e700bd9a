// Metrics that compare two whole sets of features hold both: as many rows of the data as there are samples.
#pragma once

#include "reference.hpp"

namespace shipped {

class feature_sets : public feature_sinking {
 public:
  using feature_sinking::feature_sinking;

  void add(const noneq::batch& mapped) override { kept_.add(mapped); }

 protected:
  noneq::Tensor samples() const { return kept_.joined("features"); }  // [n, D]

  // Returns features [k, D] of the first rows: `rows` of them, or by default `wanted`, or as many as there are.
  noneq::Tensor data(std::int64_t wanted) {
    chosen_ = choose_rows(m_.info, of_.with, of_.wanted_rows > 0 ? of_.wanted_rows : wanted, 256, "with", "rows");
    return kept_or_made(of_.cache_folder(m_), "features-" + of_.features->label(),
                        of_.key(m_.info, chosen_, "features"), !of_.cache.empty(),
                        [&]() -> kept_tensors {
                          std::vector<noneq::Tensor> all;
                          of_.visit(m_, chosen_, *map_, [&](const noneq::Tensor& rows) { all.push_back(rows); });
                          return {{"features", at::cat(all)}};
                        })
        .at("features");
  }

  const std::string& part() const { return chosen_.part; }

 private:
  noneq::row_request chosen_;
  mapped_batches kept_;
};

}
