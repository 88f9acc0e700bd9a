// A noiser: draws t and x^t for a batch of data. Here rows come in pairs of opposite noise, so that the noise of all
// pairs of a batch has the mean 0: terms that are linear in the noise drop out of its mean loss, and those that are
// quadratic are estimated by half as many draws. Each row by itself is distributed as ever.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::noiser {
  // Writes t, weight and noise. The noise of row k must depend on its index first + k alone, or batches that are cut
  // into shards would have other noise.
  void draw(noneq::batch& b, const noneq::process& p, const noneq::stream& s) const override {
    noneq::noiser::draw(b, p, s);  // t and weight, from the time sampler
    const Tensor& x0 = b.at("x0");
    const Tensor row = at::arange(b.first, b.first + x0.size(0), at::kLong), pair = row.div(2, "floor");
    const std::int64_t from = b.first / 2;
    auto shape = x0.sizes().vec();
    shape[0] = (b.first + x0.size(0) + 1) / 2 - from;
    const Tensor of_pairs = p.kernel->noise(shape, s.fork("pairs"), from).index_select(0, pair - from);
    b.set("noise", of_pairs * noneq::broadcast_like(1 - 2 * row.remainder(2), x0));
  }

  // Writes x^t, here in one jump from q(x^t|x⁰). Under a learned schedule it must carry gradients, as jump() does.
  void apply(noneq::batch& b, const noneq::process& p, const noneq::stream&) const override {
    const Tensor& x0 = b.at("x0");
    b.set("xt", p.kernel->jump(x0, noneq::coefficients_at(p.tables, b.at("t"), x0), b.at("noise")));
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("x^t in one jump from x⁰; rows 2k and 2k + 1 have opposite noise.").spaces({"gaussian"});
  }
};

NONEQ_PLUGIN(my_plugin);

}
