// What 8-bit data costs under the model: −ln p(x⁰) ≤ L_T + Σ L_{t−1} + L_0 with the discretised Gaussian decoder (Ho et
// al. 2020, eq. 5 and 13), in bits per dimension.
#include "bound_of_rows.hpp"
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct bits_per_dim : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string on = "auto";

  void check_data(const noneq::dataset_info& info) const override {
    noneq::choose_rows(info, on, samples);
    if (info.bin_width <= 0)
      throw noneq::error(
          "got data without bins, need whole numbers under normalise: range, such as 8-bit images; the bound on the "
          "density of other data is metric.bound");
  }

  void measure(noneq::measurement& m) const override {
    const noneq::dataset_info& info = m.data.info();
    check_data(info);
    const std::int64_t T = m.denoiser.process().steps(), strata = noneq::count_strata(times, T);
    const auto chosen = noneq::choose_rows(info, on, samples);
    const auto parts = noneq::each_block(m, chosen, chunk, [&](std::int64_t first, const noneq::batch& rows) {
      return noneq::measure_bounds(m.denoiser, info, rows.at("x0"), rows.find("label"), first, strata, m.stream);
    });
    report(m, parts, strata, chosen);
  }

  static void report(noneq::measurement& m, const std::vector<noneq::bounds_of_rows>& parts, std::int64_t strata,
                     const noneq::chosen_rows& chosen) {
    const auto dims = static_cast<double>(c10::multiply_integers(m.data.info().shape));
    const auto add = [&](const char* name, const Tensor& nats) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      m.records.push_back(
          {name, noneq::bits(e.value) / dims, "bits/dim", noneq::bits(e.stderr) / dims, chosen.part, chosen.count});
    };
    const Tensor L_T = noneq::joined(parts, &noneq::bounds_of_rows::L_T),
                 L_0 = noneq::joined(parts, &noneq::bounds_of_rows::L_0);
    const Tensor whole = L_T + noneq::joined(parts, &noneq::bounds_of_rows::kl_sum) + L_0;
    add("bits_per_dim", whole);
    add("L_T", L_T);
    add("L_0", L_0);
    m.arrays.set("of_rows", noneq::bits(at::stack({whole, L_T, L_0}, 1)) / dims);
    noneq::set_steps(m, parts, strata, chosen.count, noneq::bits(1.0) / dims);
  }

  static void describe(noneq::description<bits_per_dim>& d) {
    d.doc(
         "Bits per dimension of 8-bit data: the variational bound with the discretised decoder, its share L_T at "
         "t = T and L_0 in the last step.")
        .param("samples", &bits_per_dim::samples, "rows of the data to measure on, from the first; 0: all",
               noneq::at_least(0));
    noneq::describe_chunk(d);
    noneq::describe_times(d);
    noneq::describe_on(d);
    d.writes("of_rows", "float64 [rows, 3]: bits_per_dim, L_T and L_0 of each row of the data")
        .writes("t", "float64 [T−1]: step, or centre of a run of steps", noneq::extent::per_step)
        .writes("kl", "float64 [T−1]: bits per dimension that each step costs", noneq::extent::per_step)
        .writes("kl_stderr", "float64 [T−1]: its standard error", noneq::extent::per_step)
        .spaces({"gaussian"});
  }
};

}

NONEQ_PLUGIN(bits_per_dim);
