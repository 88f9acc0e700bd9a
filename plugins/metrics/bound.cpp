// Both bounds on the log likelihood of data, with their parts and steps.
#include "bound_of_rows.hpp"

namespace {

using noneq::Tensor;

struct bound : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string per = "sample", on = "auto";

  void check_data(const noneq::dataset_info& info) const override { noneq::choose_rows(info, on, samples); }

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
      return noneq::measure_bounds(m.denoiser, m.data.info(), rows.at("x0"), rows.find("label"), first, strata,
                                   m.stream);
    });
    report(m, parts, strata, chosen);
  }

  void report(noneq::measurement& m, const std::vector<noneq::bounds_of_rows>& parts, std::int64_t strata,
              const noneq::chosen_rows& chosen) const {
    const Tensor K = noneq::joined(parts, &noneq::bounds_of_rows::K),
                 null = noneq::joined(parts, &noneq::bounds_of_rows::null);
    const Tensor L_T = noneq::joined(parts, &noneq::bounds_of_rows::L_T),
                 L_0 = noneq::joined(parts, &noneq::bounds_of_rows::L_0);

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
    const Tensor vlb = L_T + noneq::joined(parts, &noneq::bounds_of_rows::kl_sum) + L_0;
    add("vlb", vlb, dims, "bits/dim");
    add("L_T", L_T, dims, "bits/dim");
    add("L_0", L_0, dims, "bits/dim");
    m.arrays.set("of_rows", at::stack({noneq::bits(K) / own, noneq::bits(vlb) / dims}, 1));
    noneq::set_steps(m, parts, strata, chosen.count, noneq::bits(1.0) / own);
  }

  static void describe(noneq::description<bound>& d) {
    d.doc(
         "Bound on the log likelihood: K of 2015 (Form 1) and the variational bound of DDPM (Form 2), per step and in "
         "all.")
        .param("samples", &bound::samples, "rows of the data to measure on, from the first", noneq::at_least(2));
    noneq::describe_chunk(d);
    noneq::describe_times(d);
    noneq::describe_on(d);
    d.param("per", &bound::per,
            "what K is counted per; a sequence is another word for a sample, a pixel sums its colours",
            noneq::one_of({"sample", "sequence", "dim", "pixel"}))
        .writes("of_rows", "float64 [rows, 2]: K, which needs a reversible kernel, and vlb of each row of the data")
        .writes("t", "float64 [T−1]: step, or centre of a run of steps", noneq::extent::per_step)
        .writes("kl", "float64 [T−1]: bits that each step costs, in the unit of K", noneq::extent::per_step)
        .writes("kl_stderr", "float64 [T−1]: its standard error", noneq::extent::per_step);
  }
};

}

NONEQ_PLUGIN(bound);
