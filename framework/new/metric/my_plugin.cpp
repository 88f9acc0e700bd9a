// A metric of samples: numbers about what a sampler draws. Here the mean square of a number of the samples. A metric of
// a model derives from noneq::metric, one that compares samples with the truth from noneq::verification.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

// One stream of samples. map() is called concurrently; add() in the order of the batches; finish() once.
struct square_sinking : noneq::sinking {
  std::string part;
  std::vector<Tensor> squares;

  explicit square_sinking(std::string p) : part(std::move(p)) {}

  // Keeps only what add() needs: one number a sample, float64, so that the sum does not depend on batches.
  noneq::batch map(noneq::batch b) const override {
    return {b.step, b.first, {{"square", b.at("samples").to(at::kDouble).square().flatten(1).mean(1)}}};
  }
  void add(const noneq::batch& mapped) override { squares.push_back(mapped.at("square")); }
  noneq::outcome finish() override {
    if (squares.empty()) throw noneq::error("got no samples, need some");
    const Tensor all = at::cat(squares);
    const noneq::estimate e = noneq::estimate_mean(all);
    noneq::outcome out;
    out.records.push_back({"mean_square", e.value, "data units²", e.stderr, part, all.size(0)});
    return out;
  }
};

struct my_plugin : noneq::sample_metric {
  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override {
    return std::make_unique<square_sinking>(m.part);
  }

  void check_count(std::int64_t samples) const override {
    if (samples < 2) throw noneq::error("got a sampler of one sample, need two or more for a standard error");
  }

  // A curve or a field is an array of the outcome, which describe() declares by writes().
  static void describe(noneq::description<my_plugin>& d) { d.doc("The mean square of a number of the samples."); }
};

NONEQ_PLUGIN(my_plugin);

}
