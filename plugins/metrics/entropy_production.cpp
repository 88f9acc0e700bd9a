// The bound as a balance of entropies (Sohl-Dickstein et al. 2015, §2.4 and §2.6): the forward process produces
// H_q(X^T|X⁰) − H_q(X¹|X⁰), each reverse step removes its share of that but for KL_t, and K = Σ_{t≥2} removed_t −
// H_p(X^T) + edge. Beside it the bounds between which H_q(X^{t−1}|X^t) lies (eq. 22):
// H_q(X^t|X^{t−1}) + H_q(X^{t−1}|X⁰) − H_q(X^t|X⁰) ≤ H_q(X^{t−1}|X^t) ≤ H_q(X^t|X^{t−1}).
#include "noneq/plugin.hpp"
#include "rows.hpp"
#include "strata.hpp"

namespace {

using noneq::Tensor;

// What one chunk of rows contributes; nats, float64.
struct chunk_entropies {
  Tensor removed, kl, cross_entropy, edge;  // [n]
  Tensor per_time;                          // [T]: sums over rows of H_q(X^t|X⁰), t = 1..T
  Tensor forward;                           // [T−1]: sums over rows of H_q(X^t|X^{t−1}), t = 2..T
  Tensor per_step, squares;                 // [T−1]: sums over rows of KL_t and of its square
};

struct entropy_production : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string on = "auto";

  void check_data(const noneq::dataset_info& info) const override { noneq::choose_rows(info, on, samples); }

  void check_process(const noneq::process& p) const override { noneq::need_reversible(*p.kernel); }

  static chunk_entropies measure_chunk(const noneq::denoiser& d, const Tensor& x0, const Tensor& label,
                                       std::int64_t first, std::int64_t strata, const noneq::stream& s) {
    const noneq::process& p = d.process();
    const noneq::kernel& k = *p.kernel;
    const std::int64_t n = x0.size(0), T = p.steps();
    const auto at_time = [&](std::int64_t i) { return noneq::at(p.tables, at::full({n}, i, at::kLong), x0); };
    const auto f64 = [](const Tensor& t) { return t.to(at::kDouble); };

    chunk_entropies c;
    c.per_time = at::zeros({T}, at::kDouble);
    c.forward = at::zeros({T - 1}, at::kDouble);
    noneq::distribution before = k.marginal(x0, at_time(0));
    const noneq::distribution first_marginal = before;
    const Tensor first_entropy = f64(k.entropy(before));
    Tensor last_entropy = first_entropy;
    c.per_time[0] = first_entropy.sum();
    for (std::int64_t i = 1; i < T; ++i) {
      const noneq::coefficients at_t = at_time(i);
      const Tensor x = k.sample(before, k.noise(x0.sizes().vec(), s.fork("forward").fork(i), first));
      c.forward[i - 1] = f64(k.entropy(k.transition(x, at_t))).sum();
      before = k.marginal(x0, at_t);
      last_entropy = f64(k.entropy(before));
      c.per_time[i] = last_entropy.sum();
    }
    const noneq::distribution pi = k.stationary(x0);
    noneq::step_kls steps = noneq::measure_steps(d, x0, label, first, strata, s);
    c.removed = last_entropy - first_entropy - steps.per_sample;
    c.kl = std::move(steps.per_sample);
    c.per_step = noneq::spread(steps.per_step, T);
    c.squares = noneq::spread(steps.squares, T);
    c.cross_entropy = f64(k.cross_entropy(before, pi));
    c.edge = f64(k.log_prob(x0, pi)) + f64(k.cross_entropy(first_marginal, pi));
    return c;
  }

  void measure(noneq::measurement& m) const override {
    const auto chosen = noneq::choose_rows(m.data.info(), on, samples);
    const std::int64_t strata = noneq::count_strata(times, m.denoiser.process().steps());
    const auto parts = noneq::each_block(m, chosen, chunk, [&](std::int64_t first, const noneq::batch& rows) {
      return measure_chunk(m.denoiser, rows.at("x0"), rows.find("label"), first, strata, m.stream);
    });
    report(m, parts, chosen);
  }

  static void report(noneq::measurement& m, const std::vector<chunk_entropies>& parts,
                     const noneq::chosen_rows& chosen) {
    const auto mean = [&](Tensor chunk_entropies::*field) {
      return noneq::bits(noneq::added(parts, field) / static_cast<double>(chosen.count));
    };
    const auto add = [&](const char* name, const Tensor& nats) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      m.records.push_back(
          {name, noneq::bits(e.value), "bits/sample", noneq::bits(e.stderr), chosen.part, chosen.count});
    };
    const Tensor removed = noneq::joined(parts, &chunk_entropies::removed),
                 kl = noneq::joined(parts, &chunk_entropies::kl),
                 cross_entropy = noneq::joined(parts, &chunk_entropies::cross_entropy),
                 edge = noneq::joined(parts, &chunk_entropies::edge);
    add("entropy_produced", removed + kl);
    add("entropy_removed", removed);
    add("entropy_lost", kl);
    add("entropy_end", cross_entropy);
    add("entropy_edge", edge);
    add("entropy_K", removed - cross_entropy + edge);

    const std::int64_t T = m.denoiser.process().steps();
    const Tensor entropy = mean(&chunk_entropies::per_time), upper = mean(&chunk_entropies::forward);
    const Tensor produced = entropy.slice(0, 1) - entropy.slice(0, 0, T - 1);
    m.arrays.set("t", at::arange(2, T + 1, at::kDouble));
    m.arrays.set("entropy", entropy.slice(0, 1));
    m.arrays.set("lower", upper - produced);
    m.arrays.set("upper", upper);
    noneq::set_costs(m, noneq::added(parts, &chunk_entropies::per_step), noneq::added(parts, &chunk_entropies::squares),
                     chosen.count, noneq::bits(1.0));
    m.arrays.set("removed", produced - m.arrays.at("kl"));
  }

  static void describe(noneq::description<entropy_production>& d) {
    d.doc(
         "The bound K as a balance of entropies: what the forward process produces, what the reverse steps remove of "
         "it, what they lose, and the bounds on the entropy of each reverse step.")
        .param("samples", &entropy_production::samples, "rows of the data to measure on, from the first",
               noneq::at_least(2));
    noneq::describe_times(d);
    noneq::describe_chunk(d);
    noneq::describe_on(d);
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

}

NONEQ_PLUGIN(entropy_production);
