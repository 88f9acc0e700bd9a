// Learned signal-to-noise ratio (Kingma et al. 2021, §3.2 and app. H): γ(t) = −ln SNR is a monotone network of t. The
// bound chooses its ends; its shape, on which a bound of many steps hardly depends, makes the variance of the loss
// estimate small, so that every step comes to equal cost.
#include <mutex>

#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct learned_snr : noneq::schedule {
  double first_beta = 1e-3, last_alpha_bar = 0.002;
  std::int64_t units = 256;
  std::string ends = "last", shape = "variance";

  void check() const override { beta(); }

  Tensor beta() const override {
    const Tensor bent = bend(made(), at::linspace(0, 1, steps, at::kDouble));
    return noneq::beta_between(noneq::log_alpha_bar(-gamma(bent, bent[0], bent[steps - 1])));
  }

  Tensor log_snr_at(const Tensor& u) const override {
    const Tensor ends = bend(made(), at::tensor({0.0, 1.0}, at::kDouble));
    return -gamma(bend(made(), u), ends[0], ends[1]);
  }

  std::vector<noneq::learnable_tensor> learnable() const override {
    const leaves& l = made();
    std::vector<noneq::learnable_tensor> all;
    if (ends == "both") all.push_back({"first", l.first});
    if (ends != "none") all.push_back({"last", l.last});
    const bool by_variance = shape == "variance";
    for (const auto& [name, leaf] :
         {std::pair{"slope", l.slope}, {"steepness", l.steepness}, {"shift", l.shift}, {"height", l.height}})
      all.push_back({name, leaf, by_variance});
    return all;
  }

  bool learns_beta_1() const override { return ends == "both"; }

  static void describe(noneq::description<learned_snr>& d) {
    d.doc("−ln SNR as a learned monotone function of t, from a straight line; needs a loss that is a bound.")
        .param("first_beta", &learned_snr::first_beta, "β_1, where it starts when it is learned", noneq::inside(0, 1))
        .param("last_alpha_bar", &learned_snr::last_alpha_bar, "ᾱ_T, where it starts when it is learned",
               noneq::inside(0, 1))
        .param("ends", &learned_snr::ends,
               "which ends are learned: both needs a bound with a decoder, because K grows without limit as β_1 → 0",
               noneq::one_of({"last", "both", "none"}))
        .param("shape", &learned_snr::shape,
               "what the shape between them makes small: the variance of the loss estimate, or the loss itself, which "
               "is the better choice for few steps",
               noneq::one_of({"variance", "loss"}))
        .param("units", &learned_snr::units, "sigmoids that γ is made of", noneq::at_least(1), noneq::at_most(1e5));
  }

 private:
  struct leaves {
    Tensor first, last;                      // γ at the ends
    Tensor slope, steepness, shift, height;  // [], [units], [units], [units]
  };

  // |w₁|t + Σ |w₃|(2σ(|w₂|(2t−1) + b₂) − 1)/units, [T].
  Tensor bend(const leaves& l, const Tensor& t) const {
    const Tensor inner = at::outer(2 * t - 1, l.steepness.abs()) + l.shift;
    return l.slope.abs() * t + at::mv(2 * at::sigmoid(inner) - 1, l.height.abs()) / static_cast<double>(units);
  }

  // −ln SNR where the curve is `bent`, from its values at both ends; exact there.
  Tensor gamma(const Tensor& bent, const Tensor& at_0, const Tensor& at_1) const {
    const leaves& l = made();
    return l.first + (l.last - l.first) * (bent - at_0) / (at_1 - at_0);
  }

  // Made at first use: the number of units is known only once the parameters are set. Sigmoids spread evenly over t
  // add up to nearly a straight line.
  const leaves& made() const {
    std::call_once(once_, [this] {
      const double steepness = 10;
      const auto number = [](double x) { return at::scalar_tensor(x, at::kDouble); };
      const auto leaf = [](const Tensor& x) { return x.requires_grad_(true); };
      const Tensor half = at::linspace(-1, 1, units, at::kDouble);
      leaves_ = {leaf(number(std::log(first_beta / (1 - first_beta)))),
                 leaf(number(std::log((1 - last_alpha_bar) / last_alpha_bar))),
                 leaf(number(1)),
                 leaf(at::full({units}, steepness, at::kDouble)),
                 leaf(-steepness * half),
                 leaf(at::ones({units}, at::kDouble))};
    });
    return leaves_;
  }

  mutable std::once_flag once_;
  mutable leaves leaves_;
};

}

NONEQ_PLUGIN(learned_snr);
