// The cost of 8-bit data under the model: −ln p(x⁰) ≤ L_T + Σ L_{t−1} + L_0 with the discretised Gaussian decoder (Ho
// et al. 2020, eq. 5 and 13), in bits per dimension.
#include "bounds_sinking.hpp"
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct bits_per_dim : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string split = "auto";

  void check_data(const noneq::dataset_info& info) const override {
    shipped::choose_rows(info, split, samples);
    if (info.bin_width <= 0)
      throw noneq::error(
          "got data without bins, need whole numbers behind transform.range, such as 8-bit images; the bound on the "
          "density of other data is metric.bound");
  }

  noneq::row_request rows(const noneq::dataset_info& info) const override {
    return shipped::choose_rows(info, split, samples, chunk);
  }

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  static void describe(noneq::description<bits_per_dim>& d) {
    d.doc(
         "Bits per dimension of 8-bit data: the variational bound with the discretised decoder, its share L_T at "
         "t = T and L_0 in the last step.")
        .param("samples", &bits_per_dim::samples, "rows of the data to measure on, from the first; 0: all",
               noneq::at_least(0));
    shipped::describe_chunk(d);
    shipped::describe_times(d);
    shipped::describe_split(d);
    d.writes("of_rows", "float64 [rows, 3]: bits_per_dim, L_T and L_0 of each row of the data")
        .writes("t", "float64 [T−1]: step, or centre of a run of steps", noneq::extent::per_step)
        .writes("kl", "float64 [T−1]: bits per dimension that each step costs", noneq::extent::per_step)
        .writes("kl_stderr", "float64 [T−1]: its standard error", noneq::extent::per_step)
        .spaces({"gaussian"});
  }
};

class bits_sinking : public shipped::bounds_sinking {
 public:
  using bounds_sinking::bounds_sinking;

  noneq::outcome finish() override {
    noneq::outcome out;
    const auto dims = static_cast<double>(c10::multiply_integers(m_.info.shape));
    const Tensor L_T = kept_.joined("L_T"), L_0 = kept_.joined("L_0"), whole = L_T + kept_.joined("kl_sum") + L_0;
    const std::int64_t n = whole.size(0);
    const auto add = [&](const char* name, const Tensor& nats) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      out.records.push_back({name, noneq::bits(e.value) / dims, "bits/dim", noneq::bits(e.stderr) / dims, m_.part, n});
    };
    add("bits_per_dim", whole);
    add("L_T", L_T);
    add("L_0", L_0);
    out.arrays.set("of_rows", noneq::bits(at::stack({whole, L_T, L_0}, 1)) / dims);
    set_steps(out.arrays, n, noneq::bits(1.0) / dims);
    return out;
  }
};

std::unique_ptr<noneq::sinking> bits_per_dim::open(const noneq::measurement& m) const {
  check_data(m.info);
  return std::make_unique<bits_sinking>(m, times);
}

}

NONEQ_PLUGIN(bits_per_dim);
