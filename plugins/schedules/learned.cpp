// Learned schedule (Sohl-Dickstein et al. 2015, §2.4.1 and its reference code): β_2..β_T move along J smooth bumps in
// time, β_1 stays at its parameter, because the bound grows without limit as β_1 → 0.
#include <mutex>

#include "noneq/diffusion/bump.hpp"
#include "noneq/plugin.hpp"

struct learned : noneq::schedule {
  double first_beta = 1e-3, last_alpha_bar = 0.002;
  std::int64_t bumps = 10;
  std::string base = "log_snr";

  void check() const override { beta(); }

  // β_t = m + σ(logit b_t + Σ_j g_j(t) c_j)(1 − m − 1e-5) with m = 1e-6, the room that keeps β off 0 and 1.
  noneq::Tensor beta() const override {
    const double least = 1e-6, room = 1e-5;
    const noneq::Tensor shift = at::mv(noneq::bump_basis(steps, bumps), coefficients());
    const noneq::Tensor later = least + at::sigmoid(at::logit(base_beta()) + shift) * (1 - least - room);
    return at::cat({at::full({1}, first_beta, at::kDouble), later.narrow(0, 1, steps - 1)});
  }

  std::vector<noneq::learnable_tensor> learnable() const override { return {{"c", coefficients()}}; }

  static void describe(noneq::description<learned>& d) {
    d.doc("β learned through smooth bumps in time, starting from a fixed schedule; needs a loss that is a bound.")
        .param("base", &learned::base, "the schedule to start from; reciprocal_2015 is b = 1/linspace(T, 2, T)",
               noneq::one_of({"log_snr", "reciprocal_2015"}))
        .param("first_beta", &learned::first_beta, "β_1, which is not learned", noneq::inside(0, 1))
        .param("last_alpha_bar", &learned::last_alpha_bar, "ᾱ_T of the base log_snr", noneq::inside(0, 1))
        .param("bumps", &learned::bumps, "number of bumps J", noneq::at_least(1), noneq::at_most(1000));
  }

 private:
  noneq::Tensor base_beta() const {
    if (base == "log_snr") return noneq::log_snr(steps, first_beta, last_alpha_bar);
    return at::linspace(static_cast<double>(steps), 2, steps, at::kDouble).reciprocal();
  }

  // Made at first use: the number of bumps is known only once the parameters are set.
  const noneq::Tensor& coefficients() const {
    std::call_once(made_, [this] { c_ = at::zeros({bumps}, at::kDouble).requires_grad_(true); });
    return c_;
  }

  mutable std::once_flag made_;
  mutable noneq::Tensor c_;
};
NONEQ_PLUGIN(learned);
