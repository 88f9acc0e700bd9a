// The bound on −ln p(x⁰) and, λ times, the cross-entropy of the predicted x⁰ (Austin et al. 2021, eq. 5).
#include "noneq/plugin.hpp"
#include "terms.hpp"

struct category : noneq::loss {
  double lambda = 0.01;

  noneq::Tensor run(const noneq::batch& b, const noneq::process& p) const override {
    const noneq::Tensor& output = b.at("output");
    const auto c = noneq::coefficients_at(p.tables, b.at("t"), b.at("xt"));
    const noneq::Tensor predicted = (b.at("x0") * p.split(output).z.log_softmax(1)).flatten(1).mean(1);
    return shipped::terms::vlb(b, p, c, p.reverse(output, b.at("xt"), c), 0) - lambda * predicted;
  }
  const char* unit() const override { return "nats/dim"; }

  static void describe(noneq::description<category>& d) {
    d.doc("The variational bound and λ times the cross-entropy of x̂⁰, for categories.")
        .param("lambda", &category::lambda, "share of the cross-entropy", noneq::at_least(0))
        .spaces({"categorical"});
  }
};
NONEQ_PLUGIN(category);
