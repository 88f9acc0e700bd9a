// A network that is a little wrong, as trained ones are, and far more in its derivative: v̂ misses by 0.05 sin(20 W x),
// so that a covariance made of its derivative may be anything.
#pragma once

#include "guiding.hpp"

namespace testing {

inline constexpr std::int64_t wrong_numbers = 8;

// Numbers that fall off in correlation with their distance, [8, 8].
inline Tensor falling_covariance() {
  const Tensor place = at::arange(wrong_numbers, at::kDouble);
  return (-(place.unsqueeze(0) - place.unsqueeze(1)).abs() / 6).exp();
}

inline noneq::denoiser wrong_network(const std::string& schedule) {
  noneq::process p = make_process("gaussian", schedule, "v", "fixed_small");
  const noneq::tables t = p.tables;
  const Tensor covariance = falling_covariance(), zero = at::zeros({wrong_numbers}, at::kDouble);
  const Tensor turned = noneq::stream(3).normal({wrong_numbers, wrong_numbers}) / std::sqrt(wrong_numbers);
  return make_denoiser(std::move(p), [=](const noneq::network_input& in) {
    const auto c = noneq::coefficients_at(t, in.t, in.x);
    const Tensor x0 = known_x0(c, in.x, zero, covariance);
    const Tensor v = (c.sqrt_alpha_bar * in.x - x0) / c.sqrt_one_minus_alpha_bar;
    return v + 0.05 * (20 * at::matmul(in.x, turned.to(in.x.scalar_type()))).sin();
  });
}

// Samples with these guides (a list in YAML) are not much farther away than data is, three deviations, or samples
// without guides, by any sampler on any schedule; `observed` is the largest number that is known of them. Solvers of
// several steps prolong the changes of x̂⁰, whatever made them.
inline void leads_no_sample_away(const given& file, const std::string& guides, double observed,
                                 double by_one_step = 1.5, double by_several = 4) {
  for (const std::string& schedule : built_plugins().names("schedule")) {
    const noneq::denoiser d = wrong_network(schedule);
    const std::map<std::string, double> samplers{{"ancestral", by_one_step}, {"ddim", by_one_step},
                                                 {"heun", by_one_step},      {"probability_flow", by_one_step},
                                                 {"unipc", by_several},      {"dpm_solver, order: 3", by_several}};
    for (const auto& [sampler, times] : samplers) {
      CAPTURE(guides);
      CAPTURE(schedule);
      CAPTURE(sampler);
      const std::string how = "{plugin: " + sampler + ", steps: 12";
      const auto r = request(16, {wrong_numbers});
      const double free = largest(draw(how + "}", d, r));
      CHECK(largest(file.draw(how + ", guides: " + guides + "}", d, r)) < times * std::max({free, observed, 3.0}));
    }
  }
}

}
