// The variational bound as a sum over steps (Ho et al. 2020, eq. 5): T·L_{t−1}/d. L_T = KL(q(x^T|x⁰)‖π), which no
// network can change, is part of it where the schedule is learned.
#include "noneq/plugin.hpp"
#include "terms.hpp"

struct vlb : noneq::loss {
  std::int64_t bins = 0;

  void check() const override { shipped::terms::check_bins(bins); }
  void check_process(const noneq::process& p) const override {
    if (bins > 0 && !p.kernel->has_variance())
      throw noneq::error(c10::str("bins got ", bins, " for a kernel of discrete states, need bins: 0"));
  }

  noneq::Tensor run(const noneq::batch& b, const noneq::process& p) const override {
    const noneq::Tensor& xt = b.at("xt");
    const auto c = noneq::coefficients_at(p.tables, b.at("t"), xt);
    const noneq::Tensor steps = shipped::terms::vlb(b, p, c, p.reverse(b.at("output"), xt, c), bins);
    return p.tables.beta.requires_grad() ? steps + shipped::terms::prior(b.at("x0"), p) : steps;
  }
  bool trains_schedule() const override { return true; }
  const char* unit() const override { return "nats/dim"; }

  static void describe(noneq::description<vlb>& d) {
    d.doc("The variational bound on −ln p(x⁰), per dimension.")
        .param("bins", &vlb::bins, "values data in [−1, 1] is quantised to (8 bits: 256); 0: continuous, or bits",
               noneq::at_least(0));
  }
};
NONEQ_PLUGIN(vlb);
