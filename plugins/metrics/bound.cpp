// The bound on the log likelihood: Form 1 (Sohl-Dickstein et al. 2015, eq. 14: K, with every entropy and edge term) and
// Form 2 (Ho et al. 2020, eq. 5: L_T + Σ L_{t−1} + L_0), from the same draws. K = −Σ_{t≥2} KL_t + H_q(X^T|X⁰) −
// H_q(X¹|X⁰) − H_p(X^T) + E[ln π(x⁰) − ln π(x¹)].
#include "noneq/diffusion/decoder.hpp"
#include "noneq/plugin.hpp"
#include "rows.hpp"
#include "strata.hpp"

namespace {

using noneq::Tensor;

// What one chunk of samples contributes; nats, float64.
struct chunk_sums {
  Tensor K, null, kl_sum, L_T, L_0;  // [n]
  Tensor kl;                         // [strata]: sums over samples of KL_t
};

struct bound : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string per = "sequence", on = "auto";

  void check_data(const noneq::dataset_info& info) const override { noneq::choose_rows(info, on, samples); }

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
    const noneq::step_kls steps = noneq::measure_steps(d, x0, label, first, strata, s);
    c.kl_sum = steps.per_sample;
    c.kl = steps.per_step;
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
    const std::int64_t strata = noneq::count_strata(times, T);
    const auto chosen = noneq::choose_rows(m.data.info(), on, samples);
    const auto parts = noneq::each_block(m, chosen, chunk, [&](std::int64_t first, const noneq::batch& rows) {
      return measure_chunk(m.denoiser, m.data.info(), rows.at("x0"), rows.find("label"), first, strata, m.stream);
    });
    report(m, parts, strata, chosen);
  }

  void report(noneq::measurement& m, const std::vector<chunk_sums>& parts, std::int64_t strata,
              const noneq::chosen_rows& chosen) const {
    const Tensor K = noneq::joined(parts, &chunk_sums::K), null = noneq::joined(parts, &chunk_sums::null);
    const Tensor L_T = noneq::joined(parts, &chunk_sums::L_T), L_0 = noneq::joined(parts, &chunk_sums::L_0);

    const auto& shape = m.data.info().shape;
    bound by_dim;
    by_dim.per = "dim";
    const double own = divisor(shape), dims = by_dim.divisor(shape);
    const auto add = [&](const char* name, const Tensor& nats, double over, const std::string& unit) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      m.records.push_back({name, noneq::bits(e.value) / over, unit, noneq::bits(e.stderr) / over, chosen.part});
    };
    const std::string unit = "bits/" + per;
    // K runs the forward kernel backwards at t = 1, which only a reversible one allows.
    if (m.denoiser.process().kernel->reversible()) {
      add("K", K, own, unit);
      add("K_minus_null", K - null, own, unit);
      add("L_null", null, own, unit);
    }
    m.records.push_back({"beta_1", m.denoiser.process().tables.beta_1(), ""});
    const Tensor vlb = L_T + noneq::joined(parts, &chunk_sums::kl_sum) + L_0;
    add("vlb", vlb, dims, "bits/dim");
    add("L_T", L_T, dims, "bits/dim");
    add("L_0", L_0, dims, "bits/dim");
    m.arrays.set("of_rows", at::stack({noneq::bits(K) / own, noneq::bits(vlb) / dims}, 1));
    m.arrays.set("t", noneq::centres(strata, m.denoiser.process().steps()));
    m.arrays.set("kl",
                 noneq::added(parts, &chunk_sums::kl) * (noneq::bits(1.0) / (own * static_cast<double>(chosen.count))));
  }

  static void describe(noneq::description<bound>& d) {
    d.doc(
         "Bound on the log likelihood: K of 2015 (Form 1) and the variational bound of DDPM (Form 2), per step and in "
         "all.")
        .param("samples", &bound::samples, "rows of the data to measure on, from the first", noneq::at_least(2));
    noneq::describe_chunk(d);
    noneq::describe_times(d);
    noneq::describe_on(d);
    d.param("per", &bound::per, "what K is counted per; a pixel sums its colours",
            noneq::one_of({"sequence", "dim", "pixel"}))
        .writes("of_rows", "float64 [rows, 2]: K, which needs a reversible kernel, and vlb of each row of the data")
        .writes("t", "float64 [T−1]: step, or centre of a run of steps")
        .writes("kl", "float64 [T−1]: bits that each step costs, in the unit of K");
  }
};

}

NONEQ_PLUGIN(bound);
