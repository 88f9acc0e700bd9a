// Times drawn from any distribution whose probability of each stretch of the schedule is known: of each of the T steps,
// or, in continuous time, of each of the T − 1 stretches between them, within which time is uniform. The density of a
// draw is then known exactly, and so is the weight that makes it unbiased. Pure, thread-safe.
#pragma once

#include <numbers>

#include "unit.hpp"

namespace shipped {

// The probability that a standard normal number lies between a and b (float64, a <= b). Each is computed in the tail on
// its own side of 0, where small probabilities keep their digits.
inline noneq::Tensor normal_between(const noneq::Tensor& a, const noneq::Tensor& b) {
  const noneq::Tensor above = a > 0, near = at::where(above, a, -b), far = at::where(above, b, -a);
  return 0.5 * ((near / std::numbers::sqrt2).erfc() - (far / std::numbers::sqrt2).erfc());
}

// A time sampler that draws stretches of the schedule by a normal number.
struct normal_stretches : noneq::time_sampler {
  double mean = 0, deviation = 1;
  std::string objective = "uniform";

  // The ends of the stretches, ascending float64 [stretches + 1], in the quantity that is normal.
  virtual noneq::Tensor ends(const noneq::process& p) const = 0;

  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream& s) const override {
    const noneq::Tensor z = (ends(p) - mean) / deviation;
    const noneq::Tensor mass = normal_between(z.slice(0, 0, z.size(0) - 1), z.slice(0, 1)), below = mass.cumsum(0);
    const double all = below[-1].item<double>();
    if (!(all > 0)) throw noneq::error("got a normal distribution that no step of the schedule has a share of");
    const noneq::Tensor shares = mass / all;
    const bool unbiased = objective == "uniform";
    constexpr double least = 1e-12;  // the smallest probability that 48 random bits can draw at its rate
    if (const noneq::Tensor rare = (shares < least).nonzero(); unbiased && rare.size(0) > 0)
      throw noneq::error(c10::str("got a distribution that all but never draws t = ", rare[0].item<std::int64_t>() + 1,
                                  ", need a larger deviation, or objective: drawn"));
    // Divided by the last sum, so that it ends in exactly 1 and every u < 1 finds a stretch that has a probability.
    const noneq::Tensor sums = below / all;
    const noneq::Tensor k = at::searchsorted(sums, unit_rows(s, B), false, true);
    const noneq::Tensor index = p.tables.continuous() ? k + unit_rows(s.fork("within"), B) : k;
    if (!unbiased) return {index, at::ones({B}, at::kFloat)};
    return {index, (1 / (static_cast<double>(p.steps()) * shares.index_select(0, k))).to(at::kFloat)};
  }

  template <class P>
  static void describe_normal(noneq::description<P>& d, const char* of_mean, const char* of_deviation) {
    d.param("mean", &P::mean, of_mean)
        .param("deviation", &P::deviation, of_deviation, noneq::above(0))
        .param("objective", &P::objective,
               "the mean that training makes small: uniform, that of the loss over uniform t, by the weight 1/(T·p_t); "
               "drawn, that over the times as they are drawn, by the weight 1, as published: the distribution is then "
               "part of the objective, which is no bound",
               noneq::one_of({"uniform", "drawn"}));
  }
};

}
