// The hybrid loss (Nichol & Dhariwal 2021, eq. 16): the simple loss trains the mean, λ times the bound trains the
// variance and nothing else, as the mean is detached there.
#include "noneq/plugin.hpp"
#include "terms.hpp"

struct hybrid : noneq::loss {
  noneq::part<noneq::weighting> weighting;
  double lambda = 1e-3;
  std::int64_t bins = 0;

  void check() const override { shipped::terms::check_bins(bins); }

  noneq::Tensor run(const noneq::batch& b, const noneq::process& p) const override {
    const noneq::Tensor& xt = b.at("xt");
    const auto c = noneq::coefficients_at(p.tables, b.at("t"), xt);
    noneq::distribution reverse = p.reverse(b.at("output"), xt, c);
    reverse.location = reverse.location.detach();
    return shipped::terms::squared_error(b, p, c, weighting ? &*weighting : nullptr) +
           lambda * shipped::terms::vlb(b, p, c, reverse, bins);
  }
  const char* unit() const override { return ""; }  // a squared error and λ times nats have none together

  static void describe(noneq::description<hybrid>& d) {
    d.doc("The simple loss, plus λ times the bound for a learned variance alone.")
        .param("lambda", &hybrid::lambda, "share of the bound, in nats per dimension", noneq::at_least(0))
        .param("weighting", &hybrid::weighting, "a weight per t on the error in ε, whatever the network predicts")
        .param("bins", &hybrid::bins, "values data in [−1, 1] is quantised to (8 bits: 256); 0: continuous",
               noneq::at_least(0));
    d.reads("noise", "float32 [B, …]: ε").spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(hybrid);
