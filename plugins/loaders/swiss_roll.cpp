// The Swiss roll of Sohl-Dickstein et al. 2015 (§3.1.1): θ = 1.5π(1+2u), (θ cos θ, θ sin θ) plus noise, of unit
// variance. Endless, and its density is known.
#include <cmath>
#include <numbers>

#include "generated.hpp"

namespace {

using noneq::Tensor;

// Points of the noiseless curve at u [n]: [n, 2].
Tensor curve(const Tensor& u) {
  const Tensor theta = 1.5 * std::numbers::pi * (1 + 2 * u.to(at::kDouble));
  return at::stack({theta * theta.cos(), theta * theta.sin()}, 1);
}

// u at the middle of n equal parts of [0, 1].
Tensor midpoints(std::int64_t n) { return (at::arange(n, at::kDouble) + 0.5) / static_cast<double>(n); }

// Mean 0 in each dimension, and one scale for both, so that the roll stays round; its variances average to 1. From the
// population, by quadrature, not from a sample: data, truth and every seed share it.
noneq::normalisation scaling(double noise) {
  const Tensor x = curve(midpoints(1 << 16));
  const double variance = x.var(0, false).mean().item<double>() + noise * noise;
  return {x.mean(0).to(at::kFloat), at::scalar_tensor(std::sqrt(variance), at::kFloat)};
}

struct swiss_roll : noneq::loader {
  double noise = 0.2;

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;

  static void describe(noneq::description<swiss_roll>& d) {
    d.doc("Points on a Swiss roll in the plane, drawn afresh without end; its density is known.")
        .param("noise", &swiss_roll::noise, "standard deviation across the roll, whose radius runs from 4.7 to 14.1",
               noneq::between(0, 100));
  }
};

class roll_source : public shipped::generated_source {
 public:
  roll_source(const swiss_roll& of, const std::optional<noneq::normalisation>& known, const noneq::stream& s)
      : generated_source(of.batch_size, s), of_(of) {
    // Closer together than the first step's noise is wide, down to β_1 = 1e-7 on a roll without noise of its own.
    constexpr std::int64_t atoms = 1 << 16;
    info_.shape = {2};
    info_.normal = known.value_or(scaling(of.noise));
    const double scale = info_.normal.scale.mean().item<double>(), blur = of.noise / scale;
    info_.truth = noneq::mixture{(curve(midpoints(atoms)) - info_.normal.shift) / scale,
                                 at::full({atoms}, -std::log(static_cast<double>(atoms))), blur * blur};
  }

 private:
  Tensor samples(const noneq::stream& s, std::int64_t first, std::int64_t count) const override {
    const Tensor clean = curve(s.fork("u").uniform({count}, first));
    return info_.normal.apply(clean + of_.noise * s.fork("noise").normal({count, 2}, first));
  }

  const swiss_roll of_;
};

std::shared_ptr<noneq::source> swiss_roll::open(const std::optional<noneq::normalisation>& known,
                                                const noneq::stream& s) const {
  return std::make_shared<roll_source>(*this, known, s);
}

}

NONEQ_PLUGIN(swiss_roll);
