// A model: it builds the network. Here each number of x^t is multiplied and shifted by weights of its own at every t,
// which is all that data of independent Gaussian numbers needs.
#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace {

using noneq::Tensor;

struct linear_network : noneq::network {
  // All weights are registered: the framework trains, averages and saves them.
  linear_network(const noneq::network_signature& s, double slope_at_first) : shape(s.shape), outputs(s.outputs) {
    std::int64_t numbers = 1;
    for (const std::int64_t n : shape) numbers *= n;
    slope = register_parameter("slope", at::full({s.T, outputs, numbers}, slope_at_first));
    offset = register_parameter("offset", at::zeros({s.T, outputs, numbers}));
  }

  // Maps in.x [B, C, …] at the steps in.t [B] to [B, outputs·C, …]. Called by several threads at once.
  Tensor forward(const noneq::network_input& in) override {
    const Tensor x = in.x.flatten(1).unsqueeze(1);
    noneq::sizes out{in.x.size(0), outputs * shape[0]};
    out.insert(out.end(), shape.begin() + 1, shape.end());
    return (slope.index_select(0, in.t) * x + offset.index_select(0, in.t)).view(out);
  }

  noneq::sizes shape;
  std::int64_t outputs;
  Tensor slope, offset;
};

struct my_plugin : noneq::model {
  double slope_at_first = 0;

  // s has the shape of a sample, the number of steps, outputs and classes. Draw first weights from s.first_weights, as
  // in s.first_weights.fork("slope").normal({units, numbers}).
  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    return std::make_shared<linear_network>(s, slope_at_first);
  }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("A factor and a shift for each number at every t.")
        .param("slope", &my_plugin::slope_at_first, "the factors before training");
  }
};

NONEQ_PLUGIN(my_plugin);

}
