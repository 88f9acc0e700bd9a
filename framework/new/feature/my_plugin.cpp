// A feature: the space in which metrics compare sets of samples. Here each number of a sample by itself, shifted and
// scaled so that it has mean 0 and variance 1 over the training data.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

// Maps data [n, …] in data units to features [n, D], float32. Called concurrently.
struct scaled_map : noneq::feature_map {
  Tensor mean, deviation;  // float64 [D]

  scaled_map(Tensor m, Tensor s) : mean(std::move(m)), deviation(std::move(s)) {}
  Tensor operator()(const Tensor& data) const override {
    return ((data.flatten(1).to(at::kDouble) - mean) / deviation).to(at::kFloat);
  }
  // Returns the numbers that were computed from the data, for restore().
  std::map<std::string, Tensor> learned() const override { return {{"mean", mean}, {"deviation", deviation}}; }
};

struct my_plugin : noneq::feature {
  std::int64_t rows = 10000;

  std::string label() const override { return "my_plugin"; }
  // Changes whenever equal data may have other features: metrics keep results in files under this name.
  std::string identity() const override { return c10::str("my_plugin of ", rows, " rows"); }

  // Rows come in blocks, of which few are in memory at once, so sums are all that is kept of them.
  std::unique_ptr<noneq::feature_map> learn(const noneq::dataset_info&, const training_rows& blocks) const override {
    Tensor origin, sum, square;
    std::int64_t n = 0;
    blocks(
        rows, [](const Tensor& block) { return block.flatten(1).to(at::kDouble); },
        [&](const Tensor& x) {
          if (n == 0) origin = x.mean(0), sum = at::zeros_like(origin), square = at::zeros_like(origin);
          sum += (x - origin).sum(0);  // near the mean, so that the squares keep their digits
          square += (x - origin).square().sum(0);
          n += x.size(0);
        });
    if (n == 0) throw noneq::error("got no training rows, need some");
    const Tensor shift = sum / n, variance = (square / n - shift.square()).clamp_min(0);
    const Tensor mean = origin + shift, rounding = (1e-12 * mean).square();
    const Tensor deviation =
        at::where(variance > rounding, variance.sqrt(), at::ones_like(variance));  // else the number is constant
    return std::make_unique<scaled_map>(mean, deviation);
  }
  std::unique_ptr<noneq::feature_map> restore(const noneq::dataset_info&,
                                              const std::map<std::string, Tensor>& learned) const override {
    return std::make_unique<scaled_map>(learned.at("mean"), learned.at("deviation"));
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("Each number of a sample, shifted and scaled to mean 0 and variance 1 over the training data.")
        .param("rows", &my_plugin::rows, "training rows that mean and variance are taken from", noneq::at_least(2));
  }
};

NONEQ_PLUGIN(my_plugin);

}
