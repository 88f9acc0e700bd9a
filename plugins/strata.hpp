// The KL of each reverse step t = 2..T, or of one random step of each run of steps: unbiased as with uniform t, and
// with a smaller error, because no part of the schedule is left out by chance. Pure, thread-safe.
#pragma once

#include "noneq/plugin.hpp"

namespace shipped {

struct stratum {
  std::int64_t begin, end;  // step indices t − 1
  std::int64_t size() const { return end - begin; }
  double centre() const { return 0.5 * static_cast<double>(begin + end + 1); }  // as t
};

// Times 2..T in `strata` runs of steps; with as many strata as steps, every step is one.
inline stratum nth_stratum(std::int64_t j, std::int64_t strata, std::int64_t T) {
  return {1 + j * (T - 1) / strata, 1 + (j + 1) * (T - 1) / strata};
}

inline std::int64_t count_strata(std::int64_t times, std::int64_t T) {
  return times == 0 ? T - 1 : std::min(times, T - 1);
}

// The t of each run, float64 [strata].
inline noneq::Tensor centres(std::int64_t strata, std::int64_t T) {
  noneq::Tensor t = at::empty({strata}, at::kDouble);
  for (std::int64_t j = 0; j < strata; ++j) t[j] = nth_stratum(j, strata, T).centre();
  return t;
}

// Numbers of one step of each run [strata] as numbers of all steps [T − 1].
inline noneq::Tensor spread(const noneq::Tensor& of_runs, std::int64_t T) {
  const std::int64_t strata = of_runs.size(0);
  std::vector<std::int64_t> steps;
  for (std::int64_t j = 0; j < strata; ++j) steps.push_back(nth_stratum(j, strata, T).size());
  return of_runs.repeat_interleave(at::tensor(steps, at::kLong));
}

// The parameter `times`.
template <class P>
void describe_times(noneq::description<P>& d) {
  d.param("times", &P::times,
          "steps measured per row, one random step of each of this many runs of steps; 0: every step",
          noneq::between(0, 1e6));
}

// KL(q(x^{t−1}|x^t,x⁰)‖p) summed over t = 2..T, for rows first … of the stream.
struct step_kls {
  noneq::Tensor per_sample;         // float64 [n], nats: the sum over t
  noneq::Tensor per_step, squares;  // float64 [strata]: sums over samples of one step's KL and of its square
};

inline step_kls measure_steps(const noneq::denoiser& d, const noneq::Tensor& x0, const noneq::conditions& given,
                              std::int64_t first, std::int64_t strata, const noneq::stream& s) {
  const noneq::process& p = d.process();
  const noneq::kernel& k = *p.kernel;
  const std::int64_t n = x0.size(0);
  step_kls sum{at::zeros({n}, at::kDouble), at::zeros({strata}, at::kDouble), at::zeros({strata}, at::kDouble)};
  for (std::int64_t j = 0; j < strata; ++j) {
    const stratum run = nth_stratum(j, strata, p.steps());
    const noneq::stream here = s.fork(j);
    noneq::Tensor index = at::full({n}, run.begin, at::kLong);
    if (run.size() > 1) {
      const noneq::Tensor u = here.fork("t").uniform({n, 1}, first).squeeze(1).to(at::kDouble);
      index = (run.begin + (u * static_cast<double>(run.size())).floor()).to(at::kLong);
    }
    const noneq::coefficients at_t = noneq::coefficients_at(p.tables, index, x0);
    const noneq::Tensor xt = k.jump(x0, at_t, k.noise(x0.sizes().vec(), here.fork("noise"), first));
    const auto prediction = d.predict(xt, index, given);
    const noneq::Tensor kl = k.kl(k.posterior(x0, xt, at_t), prediction.reverse).to(at::kDouble);
    sum.per_sample = sum.per_sample + kl * static_cast<double>(run.size());
    sum.per_step[j] = kl.sum();
    sum.squares[j] = kl.square().sum();
  }
  return sum;
}

// Sets the arrays kl and kl_stderr: the mean cost of each step and its standard error, from sums over n samples of the
// cost and of its square.
inline void set_costs(noneq::batch& arrays, const noneq::Tensor& per_step, const noneq::Tensor& squares,
                      std::int64_t samples, double per_nat) {
  const auto n = static_cast<double>(samples);
  const noneq::Tensor mean = per_step / n, variance = (squares / n - mean.square()).clamp_min(0);
  arrays.set("kl", mean * per_nat);
  arrays.set("kl_stderr", (variance / (n - 1)).sqrt() * per_nat);
}

}
