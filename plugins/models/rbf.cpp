// Normalised radial basis functions with a readout of their own at every t: the network of the 2015 swiss roll
// (Sohl-Dickstein et al. 2015, appendix D.1.1). Centres and widths are learned and shared by all t.

#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace {

using noneq::Tensor;

struct rbf_network : noneq::network {
  rbf_network(std::int64_t units, double width, const noneq::network_signature& s)
      : shape(s.shape), outputs(s.outputs) {
    std::int64_t size = 1;
    for (const auto n : shape) size *= n;
    centres = register_parameter("centres", s.first_weights.fork("centres").normal({units, size}));
    log_width = register_parameter("log_width", at::full({units}, std::log(width)));
    readout =
        register_parameter("readout", s.first_weights.fork("readout").normal({s.T, units, size * outputs}) * 0.01);
  }

  Tensor forward(const noneq::network_input& in) override {
    const Tensor x = in.x.flatten(1);
    const Tensor distance = (x.unsqueeze(1) - centres).pow(2).sum(2);
    const Tensor h = at::softmax(-0.5 * distance * at::exp(-2 * log_width), 1);
    noneq::sizes out{x.size(0), outputs * shape[0]};
    out.insert(out.end(), shape.begin() + 1, shape.end());
    return at::bmm(h.unsqueeze(1), readout.index_select(0, in.t)).view(out);
  }

  noneq::sizes shape;
  std::int64_t outputs;
  Tensor centres, log_width, readout;
};

struct rbf : noneq::model {
  std::int64_t units = 16;
  double width = 0.5;

  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    return std::make_shared<rbf_network>(units, width, s);
  }

  static void describe(noneq::description<rbf>& d) {
    d.doc("Normalised radial basis functions, read out separately at every t.")
        .param("units", &rbf::units, "number of basis functions", noneq::at_least(1), noneq::at_most(1e5))
        .param("width", &rbf::width, "initial width of each, in units of x", noneq::above(0));
  }
};

}

NONEQ_PLUGIN(rbf);
