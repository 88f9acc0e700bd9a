// A guide: a factor r(x) by which a sampler multiplies the distribution that it draws from. Here the mean of all
// numbers of a sample was observed: r(x) = N(value; mean(x), deviation²).
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

// A guide at work on one chunk of samples. In units of the model mean(x) is a·x⁰ + mean(shift), a = scale/(numbers).
struct mean_guidance final : noneq::guidance {
  Tensor a;            // [1, …], of the shape of a sample
  double seen, noise;  // value − mean(shift), deviation²

  mean_guidance(const noneq::guided_chunk& chunk, double value, double deviation)
      : a(row_of(chunk.normal.scale, chunk.shape) / static_cast<double>(c10::multiply_integers(chunk.shape))),
        seen(value - row_of(chunk.normal.shift, chunk.shape).mean().item<double>()),
        noise(deviation * deviation) {}

  // Returns ∇ ln r_t(x^t). Given x^t, x⁰ has the mean x̂⁰ and the covariance V that the network's derivative gives, so
  // that r_t is N(seen; a·x̂⁰, a·V a + noise), exact for Gaussian data; x̂⁰ moves by V a (seen − a·x̂⁰)/(a·V a + noise).
  Tensor gradient(const noneq::guided_state& at) const override {
    const Tensor row = a.to(at.x0.scalar_type()).expand_as(at.x0);
    const Tensor moved = at.covariance(row);
    const Tensor missing = seen - noneq::sum_per_sample(row * at.x0);
    const Tensor spread = noneq::sum_per_sample(row * moved).clamp_min(0) + noise;
    return at.limited(moved * noneq::broadcast_like(missing / spread, at.x0)) / at.reach();
  }

 private:
  static Tensor row_of(const Tensor& t, const noneq::sizes& shape) {
    return t.to(at::kDouble).expand(shape).unsqueeze(0);
  }
};

struct my_plugin : noneq::guide {
  double value = 0, deviation = 0.1;

  // A guide that reads tensors of the sampler's stream names them in reads() and finds them in chunk.rows.
  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    return std::make_unique<mean_guidance>(chunk, value, deviation);
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("The mean of all numbers of a sample is `value`, observed with Gaussian noise.")
        .param("value", &my_plugin::value, "the observed mean, in data units")
        .param("deviation", &my_plugin::deviation, "of the noise on it, in data units", noneq::above(0))
        .spaces({"gaussian"});
  }
};

NONEQ_PLUGIN(my_plugin);

}
