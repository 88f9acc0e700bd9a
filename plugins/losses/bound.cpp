// −K, the negative of the trajectory bound (Sohl-Dickstein et al. 2015, §2.4 and app. B), with the edge step p(x⁰|x¹)
// the forward kernel run backwards. All terms are differentiable in the schedule, so that a learned β is trained with
// the model.
#include "noneq/plugin.hpp"
#include "terms.hpp"

struct bound : noneq::loss {
  void check_process(const noneq::process& p) const override {
    noneq::need_reversible(*p.kernel);
    if (p.schedule->learns_beta_1())
      throw noneq::error(
          "K grows without limit as β_1 → 0, but the schedule learns β_1; need one that does not, or loss.vlb");
  }

  noneq::Tensor run(const noneq::batch& b, const noneq::process& p) const override {
    const noneq::Tensor &x0 = b.at("x0"), &xt = b.at("xt"), &index = b.at("t");
    const auto c = noneq::coefficients_at(p.tables, index, xt);
    const noneq::Tensor kl = shipped::terms::step_kl(b, p, c, p.reverse(b.at("output"), xt, c));
    // K has no step t = 1. Terms that belong to no step are spread over t = 2..T, so that the loss is 0 at t = 1 and a
    // time sampler may leave it out. In continuous time T − 1 steps of length 1 end somewhere, of which T − 2 begin
    // behind the first.
    const auto T = static_cast<double>(p.steps()), steps = T - (p.tables.continuous() ? 2 : 1);
    return at::where(index >= 1, T * (kl - ends(x0, p) / steps), at::zeros_like(kl));
  }
  const char* unit() const override { return "nats"; }
  bool trains_schedule() const override { return true; }

  static void describe(noneq::description<bound>& d) {
    d.doc("−K, the 2015 bound on −ln p(x⁰) given β_1, in nats per sample; can train a learned schedule.");
  }

 private:
  // H_q(X^T|X⁰) − H_q(X¹|X⁰) + E ln π(x^T), and the edge step's E[ln π(x⁰) − ln π(x¹)], per sample.
  static noneq::Tensor ends(const noneq::Tensor& x0, const noneq::process& p) {
    const noneq::kernel& k = *p.kernel;
    const auto pi = k.stationary(x0);
    const noneq::Tensor zero = at::zeros({x0.size(0)}, at::kLong);
    const auto last = k.marginal(x0, noneq::coefficients_at(p.tables, zero + (p.steps() - 1), x0));
    const auto first = k.marginal(x0, noneq::coefficients_at(p.tables, zero, x0));
    const noneq::Tensor edge = k.log_prob(x0, pi) + k.cross_entropy(first, pi);
    return k.entropy(last) - k.entropy(first) - k.cross_entropy(last, pi) + edge;
  }
};
NONEQ_PLUGIN(bound);
