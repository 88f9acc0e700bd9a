// The bound on the log likelihood: Form 1 (Sohl-Dickstein et al. 2015, eq. 14: K, with every entropy and edge term) and
// Form 2 (Ho et al. 2020, eq. 5: L_T + Σ L_{t−1} + L_0), from the same draws. K = −Σ_{t≥2} KL_t + H_q(X^T|X⁰) −
// H_q(X¹|X⁰) − H_p(X^T) + E[ln π(x⁰) − ln π(x¹)].
#include <mutex>

#include "noneq/diffusion/decoder.hpp"
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

// What one chunk of samples contributes; nats, float64.
struct chunk_sums {
  Tensor K, null, kl_sum, L_T, L_0;  // [n]
  Tensor kl;                         // [strata]: sums over samples of (size of stratum)·KL_t
};

struct bound : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string per = "sequence";

  // Times 2..T in `strata` runs of steps; with as many strata as steps, every step is measured.
  static std::pair<std::int64_t, std::int64_t> stratum(std::int64_t j, std::int64_t strata, std::int64_t T) {
    return {1 + j * (T - 1) / strata, 1 + (j + 1) * (T - 1) / strata};
  }

  static chunk_sums measure_chunk(const noneq::denoiser& d, const noneq::dataset_info& info, const Tensor& x0,
                                  const Tensor& label, std::int64_t first, std::int64_t strata,
                                  const noneq::stream& s) {
    const auto& p = d.process();
    const auto& k = *p.kernel;
    const std::int64_t n = x0.size(0), T = p.steps();
    const auto shape = x0.sizes().vec();
    const auto at_time = [&](std::int64_t i) { return noneq::at(p.tables, at::full({n}, i, at::kLong), x0); };
    const auto f64 = [](const Tensor& t) { return t.to(at::kDouble); };
    const noneq::distribution pi = k.stationary(x0), q1 = k.marginal(x0, at_time(0)),
                              qT = k.marginal(x0, at_time(T - 1));

    chunk_sums c;
    c.null = f64(k.log_prob(x0, pi));
    c.L_T = f64(k.kl(qT, pi));
    c.kl_sum = at::zeros({n}, at::kDouble);
    c.kl = at::zeros({strata}, at::kDouble);
    for (std::int64_t j = 0; j < strata; ++j) {
      const auto [begin, end] = stratum(j, strata, T);
      const noneq::stream here = s.fork(j);
      Tensor index = at::full({n}, begin, at::kLong);
      if (end - begin > 1)
        index = (begin +
                 (here.fork("t").uniform({n, 1}, first).squeeze(1).to(at::kDouble) * static_cast<double>(end - begin))
                     .floor())
                    .to(at::kLong);
      const noneq::coefficients at_t = noneq::at(p.tables, index, x0);
      const Tensor xt = k.sample(k.marginal(x0, at_t), k.noise(shape, here.fork("noise"), first));
      const auto prediction = d.predict(xt, index, label);
      const Tensor kl = f64(k.kl(k.posterior(x0, xt, at_t), prediction.reverse)) * static_cast<double>(end - begin);
      c.kl_sum = c.kl_sum + kl;
      c.kl[j] = kl.sum();
    }
    const Tensor edge = c.null + f64(k.cross_entropy(q1, pi));
    c.K = noneq::trajectory_bound(c.kl_sum, f64(k.entropy(qT)), f64(k.entropy(q1)), f64(k.cross_entropy(qT, pi)), edge);
    const Tensor x1 = k.sample(q1, k.noise(shape, s.fork("decoder"), first));
    const noneq::distribution last = d.predict(x1, 0, label).reverse;
    const bool discrete = info.bin_width > 0 && k.has_variance();
    c.L_0 = -f64(
        discrete ? noneq::sum_per_sample(noneq::decoder_log_prob(x0, last, info.bin_width / 2, noneq::decoder::exact))
                 : k.log_prob(x0, last));
    return c;
  }

  double divisor(const noneq::sizes& shape) const {
    double dims = 1;
    for (const auto n : shape) dims *= static_cast<double>(n);
    if (per == "dim") return dims;
    if (per == "pixel") return dims / static_cast<double>(shape.size() > 2 ? shape[0] : 1);
    return 1;
  }

  void measure(noneq::measurement& m) const override {
    const std::int64_t T = m.denoiser.process().steps();
    const std::int64_t strata = times == 0 ? T - 1 : std::min(times, T - 1);
    const auto& info = m.data.info();
    const std::int64_t count = info.measured < 0 ? samples : std::min(samples, info.measured);
    std::vector<chunk_sums> parts(static_cast<std::size_t>((count + chunk - 1) / chunk));
    std::mutex reading;
    m.parallel(static_cast<std::int64_t>(parts.size()), [&](std::int64_t i) {
      noneq::batch raw;
      {
        const std::lock_guard one_reader(reading);
        raw = m.data.fetch_rows(i * chunk, std::min(chunk, count - i * chunk));
      }
      const noneq::batch rows = m.data.prepare(std::move(raw));
      parts[static_cast<std::size_t>(i)] =
          measure_chunk(m.denoiser, info, rows.at("x0"), rows.has("label") ? rows.at("label") : Tensor{}, i * chunk,
                        strata, m.stream);
    });
    report(m, parts, strata, count);
  }

  void report(noneq::measurement& m, const std::vector<chunk_sums>& parts, std::int64_t strata,
              std::int64_t count) const {
    const auto joined = [&](Tensor chunk_sums::*field) {
      std::vector<Tensor> all;
      for (const auto& p : parts) all.push_back(p.*field);
      return at::cat(all);
    };
    const Tensor K = joined(&chunk_sums::K), null = joined(&chunk_sums::null);
    const Tensor L_T = joined(&chunk_sums::L_T), L_0 = joined(&chunk_sums::L_0);
    Tensor kl = at::zeros({strata}, at::kDouble);
    for (const auto& p : parts) kl = kl + p.kl;

    const auto& shape = m.data.info().shape;
    bound by_dim;
    by_dim.per = "dim";
    const double own = divisor(shape), dims = by_dim.divisor(shape);
    const auto add = [&](const char* name, const Tensor& nats, double over, const std::string& unit) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      m.records.push_back({name, noneq::bits(e.value) / over, unit, noneq::bits(e.stderr) / over});
    };
    const std::string unit = "bits/" + per;
    add("K", K, own, unit);
    add("K_minus_null", K - null, own, unit);
    add("L_null", null, own, unit);
    m.records.push_back({"beta_1", m.denoiser.process().tables.beta_1(), ""});
    add("vlb", L_T + joined(&chunk_sums::kl_sum) + L_0, dims, "bits/dim");
    add("L_T", L_T, dims, "bits/dim");
    add("L_0", L_0, dims, "bits/dim");
    Tensor t = at::empty({strata}, at::kDouble);
    for (std::int64_t j = 0; j < strata; ++j) {
      const auto [begin, end] = stratum(j, strata, m.denoiser.process().steps());
      t[j] = 0.5 * static_cast<double>(begin + end + 1);
      kl[j] /= static_cast<double>(end - begin);
    }
    m.arrays.set("t", t);
    m.arrays.set("kl", kl * (noneq::bits(1.0) / (own * static_cast<double>(count))));
  }

  static void describe(noneq::description<bound>& d) {
    d.doc(
         "Bound on the log likelihood: K of 2015 (Form 1) and the variational bound of DDPM (Form 2), per step and in "
         "all.")
        .param("samples", &bound::samples, "rows of the data to measure on, from the first", noneq::at_least(2))
        .param("chunk", &bound::chunk, "rows one thread takes at a time", noneq::at_least(1))
        .param("times", &bound::times,
               "steps measured per row, one random step of each of this many runs of steps; 0: every step",
               noneq::at_least(0))
        .param("per", &bound::per, "what K is counted per; a pixel sums its colours",
               noneq::one_of({"sequence", "dim", "pixel"}))
        .writes("t", "float64 [T−1]: step, or centre of a run of steps")
        .writes("kl", "float64 [T−1]: bits that each step costs, in the unit of K");
  }
};

}

NONEQ_PLUGIN(bound);
