// The bound as a balance of entropies (Sohl-Dickstein et al. 2015, §2.4 and §2.6): the forward process produces
// H_q(X^T|X⁰) − H_q(X¹|X⁰), each reverse step removes its share of that but for KL_t, and K = Σ_{t≥2} removed_t −
// H_p(X^T) + edge. Beside it the bounds between which H_q(X^{t−1}|X^t) lies (eq. 22):
// H_q(X^t|X^{t−1}) + H_q(X^{t−1}|X⁰) − H_q(X^t|X⁰) ≤ H_q(X^{t−1}|X^t) ≤ H_q(X^t|X^{t−1}).
#include "../strata.hpp"
#include "noneq/plugin.hpp"
#include "rows.hpp"

namespace {

using noneq::Tensor;

struct entropy_production : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string split = "auto";

  void check_data(const noneq::dataset_info& info) const override { shipped::choose_rows(info, split, samples); }

  void check_process(const noneq::process& p) const override { noneq::need_reversible(*p.kernel); }

  noneq::row_request rows(const noneq::dataset_info& info) const override {
    return shipped::choose_rows(info, split, samples, chunk);
  }

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  static void describe(noneq::description<entropy_production>& d) {
    d.doc(
         "The bound K as a balance of entropies: what the forward process produces, what the reverse steps remove of "
         "it, what they lose, and the bounds on the entropy of each reverse step.")
        .param("samples", &entropy_production::samples, "rows of the data to measure on, from the first",
               noneq::at_least(2));
    shipped::describe_times(d);
    shipped::describe_chunk(d);
    shipped::describe_split(d);
    d.writes("t", "float64 [T−1]: step, 2..T", noneq::extent::per_step)
        .writes("entropy", "float64 [T−1]: H_q(X^t|X⁰), bits per sample, like all that follow", noneq::extent::per_step)
        .writes("lower", "float64 [T−1]: lower bound of H_q(X^{t−1}|X^t)", noneq::extent::per_step)
        .writes("upper", "float64 [T−1]: upper bound of it, H_q(X^t|X^{t−1})", noneq::extent::per_step)
        .writes("kl", "float64 [T−1]: what the reverse step loses; with times the same for every step of a run",
                noneq::extent::per_step)
        .writes("kl_stderr", "float64 [T−1]: its standard error", noneq::extent::per_step)
        .writes("removed", "float64 [T−1]: the entropy it removes, H_q(X^t|X⁰) − H_q(X^{t−1}|X⁰) − KL_t",
                noneq::extent::per_step);
  }
};

class entropy_sinking : public shipped::keeping_sinking {
 public:
  entropy_sinking(const noneq::measurement& m, std::int64_t times)
      : keeping_sinking(m), strata_(shipped::count_strata(times, m.denoiser.process().steps())) {}

  // Nats, float64: removed, kl, cross_entropy and edge of each row [n], and sums over the rows: `per_time` [T] of
  // H_q(X^t|X⁰), t = 1..T; `forward` [T−1] of H_q(X^t|X^{t−1}), t = 2..T; `per_step` and `squares` [T−1] of KL_t and of
  // its square.
  noneq::batch map(noneq::batch rows) const override {
    const noneq::process& p = m_.denoiser.process();
    const noneq::kernel& k = *p.kernel;
    const Tensor x0 = rows.at("x0");
    const std::int64_t n = x0.size(0), T = p.steps(), first = rows.first;
    const auto at_time = [&](std::int64_t i) {
      return noneq::coefficients_at(p.tables, at::full({n}, i, at::kLong), x0);
    };
    const auto f64 = [](const Tensor& t) { return t.to(at::kDouble); };

    const Tensor per_time = at::zeros({T}, at::kDouble), forward = at::zeros({T - 1}, at::kDouble);
    noneq::distribution before = k.marginal(x0, at_time(0));
    const noneq::distribution first_marginal = before;
    const Tensor first_entropy = f64(k.entropy(before));
    Tensor last_entropy = first_entropy;
    per_time[0] = first_entropy.sum();
    for (std::int64_t i = 1; i < T; ++i) {
      const noneq::coefficients at_t = at_time(i);
      const Tensor x = k.sample(before, k.noise(x0.sizes().vec(), m_.stream.fork("forward").fork(i), first));
      forward[i - 1] = f64(k.entropy(k.transition(x, at_t))).sum();
      before = k.marginal(x0, at_t);
      last_entropy = f64(k.entropy(before));
      per_time[i] = last_entropy.sum();
    }
    const noneq::distribution pi = k.stationary(x0);
    const shipped::step_kls steps =
        shipped::measure_steps(m_.denoiser, x0, m_.denoiser.given(rows), first, strata_, m_.stream);
    return {rows.step,
            first,
            {{"removed", last_entropy - first_entropy - steps.per_sample},
             {"kl", steps.per_sample},
             {"cross_entropy", f64(k.cross_entropy(before, pi))},
             {"edge", f64(k.log_prob(x0, pi)) + f64(k.cross_entropy(first_marginal, pi))},
             {"per_time", per_time},
             {"forward", forward},
             {"per_step", shipped::spread(steps.per_step, T)},
             {"squares", shipped::spread(steps.squares, T)}}};
  }

  noneq::outcome finish() override {
    noneq::outcome out;
    const Tensor removed = kept_.joined("removed"), kl = kept_.joined("kl"),
                 cross_entropy = kept_.joined("cross_entropy"), edge = kept_.joined("edge");
    const std::int64_t n = removed.size(0);
    const auto add = [&](const char* name, const Tensor& nats) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      out.records.push_back({name, noneq::bits(e.value), "bits/sample", noneq::bits(e.stderr), m_.part, n});
    };
    add("entropy_produced", removed + kl);
    add("entropy_removed", removed);
    add("entropy_lost", kl);
    add("entropy_end", cross_entropy);
    add("entropy_edge", edge);
    add("entropy_K", removed - cross_entropy + edge);

    const auto mean = [&](const char* name) { return noneq::bits(kept_.summed(name) / static_cast<double>(n)); };
    const std::int64_t T = m_.denoiser.process().steps();
    const Tensor entropy = mean("per_time"), upper = mean("forward");
    const Tensor produced = entropy.slice(0, 1) - entropy.slice(0, 0, T - 1);
    out.arrays.set("t", at::arange(2, T + 1, at::kDouble));
    out.arrays.set("entropy", entropy.slice(0, 1));
    out.arrays.set("lower", upper - produced);
    out.arrays.set("upper", upper);
    shipped::set_costs(out.arrays, kept_.summed("per_step"), kept_.summed("squares"), n, noneq::bits(1.0));
    out.arrays.set("removed", produced - out.arrays.at("kl"));
    return out;
  }

 private:
  const std::int64_t strata_;
};

std::unique_ptr<noneq::sinking> entropy_production::open(const noneq::measurement& m) const {
  return std::make_unique<entropy_sinking>(m, times);
}

}

NONEQ_PLUGIN(entropy_production);
