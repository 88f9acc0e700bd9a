// Stateful plugins behind the gate.
#include "stateful.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace stateful {

namespace models {
// A linear map that grows with each call, counted in a buffer as running statistics are.
struct counting_network : noneq::network {
  counting_network(std::int64_t in, std::int64_t out, double grown)
      : weight(register_parameter("weight", 0.1 * at::randn({out, in}) * (1 + 0.01 * grown))),
        calls(register_buffer("calls", at::zeros({}, at::kDouble))) {}

  Tensor forward(const noneq::network_input& in) override {
    const double factor = 1 + 0.01 * next();
    const Tensor x = in.x.flatten(1);
    noneq::sizes shape = in.x.sizes().vec();
    shape[1] = -1;
    return (factor * x.matmul(weight.t())).view(shape);
  }

  // Two shards share each value of the count, whichever comes first.
  double next() {
    const std::lock_guard one(changing);
    const at::NoGradGuard values_only;
    const double now = std::floor(calls.item<double>() / 2);
    calls.add_(1);
    return now;
  }

  std::mutex changing;
  Tensor weight, calls;
};

struct counting : counted<noneq::model> {
  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    const std::int64_t size = c10::multiply_integers(s.shape);
    return std::make_shared<counting_network>(size, s.outputs * size, calls.next());
  }
  static void describe(noneq::description<counting>& d) { d.doc("A linear map that grows with each call."); }
};
NONEQ_PLUGIN(counting);
}

namespace weightings {
// Two shards share each value of the count, whichever comes first.
struct counting : counted<noneq::weighting> {
  Tensor weight(const noneq::coefficients& c) const override {
    return at::ones_like(c.snr) * (1 + std::floor(calls.next() / 2));
  }
  static void describe(noneq::description<counting>& d) { d.doc("A weight that grows with each step."); }
};
NONEQ_PLUGIN(counting);
}

namespace losses {
struct counting : counted<noneq::loss> {
  Tensor run(const noneq::batch& b, const noneq::process&) const override {
    const double factor = 1 + std::floor(calls.next() / 2);
    return factor * b.at("output").flatten(1).square().mean(1);
  }
  const char* unit() const override { return ""; }
  static void describe(noneq::description<counting>& d) { d.doc("A loss that grows with each step."); }
};
NONEQ_PLUGIN(counting);
}

}
