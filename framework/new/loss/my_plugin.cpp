// A loss: the function of the network's output that training minimises. Here the pseudo-Huber distance √(‖d‖² + c²) − c
// of prediction and target (Song & Dhariwal 2023), which grows like ‖d‖ for outliers and like ‖d‖² for small errors.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::loss {
  double c = 0.1;

  // Returns the loss of each sample, float32 [B], differentiable in `output`.
  Tensor run(const noneq::batch& b, const noneq::process& p) const override {
    const Tensor& xt = b.at("xt");
    const auto at_t = noneq::coefficients_at(p.tables, b.at("t"), xt);
    const auto [z, raw] = p.split(b.at("output"));
    const noneq::reverse_point here{xt, at_t, *p.kernel, p.log_variance(raw, at_t).detach()};
    const Tensor d = z - p.mean->target(b.at("x0"), b.at("noise"), here);
    return (d.square().flatten(1).mean(1) + c * c).sqrt() - c;
  }
  const char* unit() const override { return ""; }

  // Called when a pipeline is checked: everything that cannot be trained by this loss is refused here.
  void check_process(const noneq::process& p) const override {
    if (p.variance && p.variance->outputs() > 0)
      throw noneq::error("got a variance that the network predicts, which this loss does not train; need a fixed one");
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("√(‖z − z*‖² + c²) − c, where ‖·‖² is the mean over the numbers of a sample.")
        .param("c", &my_plugin::c, "errors below count by their square", noneq::above(0))
        .reads("noise", "float32 [B, …]: ε")
        .spaces({"gaussian"});
  }
};

NONEQ_PLUGIN(my_plugin);

}
