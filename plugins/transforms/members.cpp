// Statistics of the members of each row, place by place.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct members : noneq::sample_transform {
  std::vector<std::string> keep{"mean", "std"};
  std::vector<double> quantiles{0.1, 0.5, 0.9};

  std::vector<std::string> makes() const override { return keep; }

  void check() const override {
    if (keep.empty()) throw noneq::error("got none, need at least one of mean, std, quantiles", "keep");
    for (const std::string& name : keep)
      if (std::count(keep.begin(), keep.end(), name) > 1)
        throw noneq::error("got '" + name + "' twice, need each once", "keep");
    if (quantiles.empty() && makes_it("quantiles"))
      throw noneq::error("got none, need at least one number from 0 to 1", "quantiles");
  }
  void check_members(std::int64_t count) const override {
    const bool spread = makes_it("std");
    if (count < (spread ? 2 : 1))
      throw noneq::error(c10::str("got ", count, count == 1 ? " member" : " members", " a row, need at least ",
                                  spread ? "2 for std" : "1", "; give the sampler members: 8, or another number"),
                         spread ? "keep" : "");
  }

  // Each row by itself, so that it does not depend on its batch.
  noneq::batch run(const noneq::batch& b) const override {
    const Tensor& samples = b.at("samples");
    if (samples.dim() < 3)
      throw noneq::error(c10::str("got samples ", noneq::to_string(samples.sizes().vec()),
                                  ", need [n, K, …]; give the sampler members: 8, or another number"));
    check_members(samples.size(1));
    std::map<std::string, std::vector<Tensor>> of_rows;
    for (std::int64_t r = 0; r < samples.size(0); ++r) {
      const Tensor x = samples[r].to(at::kDouble);
      if (makes_it("mean")) of_rows["mean"].push_back(x.mean(0));
      if (makes_it("std")) of_rows["std"].push_back(x.std(0));
      if (makes_it("quantiles"))
        of_rows["quantiles"].push_back(at::quantile(x, at::tensor(quantiles, at::kDouble), std::int64_t{0}));
    }
    noneq::batch made{b.step, b.first, {}};
    for (const auto& [name, each] : of_rows) made.set(name, at::stack(each).to(samples.scalar_type()));
    return made;
  }

  static void describe(noneq::description<members>& d) {
    d.doc("Reduces the members of each row to their mean, standard deviation and quantiles, place by place.")
        .param("keep", &members::keep, "the statistics to make", noneq::one_of({"mean", "std", "quantiles"}))
        .param("quantiles", &members::quantiles, "their levels, e.g. 0.5 for the median", noneq::between(0, 1))
        .writes("mean", "[n, …]: mean of the members", noneq::extent::like_samples)
        .writes("std", "[n, …]: their standard deviation, with K − 1", noneq::extent::like_samples)
        .writes("quantiles", "[n, Q, …]: their quantiles, interpolated");
  }

 private:
  bool makes_it(const char* name) const { return std::find(keep.begin(), keep.end(), name) != keep.end(); }
};

}

NONEQ_PLUGIN(members);
