// Both bounds on the log likelihood of data, with their parts and steps.
#include "bounds_sinking.hpp"

namespace {

using noneq::Tensor;

struct bound : noneq::metric {
  std::int64_t samples = 1000, chunk = 250, times = 0;
  std::string per = "sample", split = "auto";

  void check_data(const noneq::dataset_info& info) const override { shipped::choose_rows(info, split, samples); }

  double divisor(const noneq::sizes& shape) const {
    double dims = 1;
    for (const auto n : shape) dims *= static_cast<double>(n);
    if (per == "dim") return dims;
    if (per == "pixel") return dims / static_cast<double>(shape.size() > 2 ? shape[0] : 1);
    return 1;
  }

  noneq::row_request rows(const noneq::dataset_info& info) const override {
    return shipped::choose_rows(info, split, samples, chunk);
  }

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  static void describe(noneq::description<bound>& d) {
    d.doc(
         "Bound on the log likelihood: K of 2015 (Form 1) and the variational bound of DDPM (Form 2), per step and in "
         "all.")
        .param("samples", &bound::samples, "rows of the data to measure on, from the first", noneq::at_least(2));
    shipped::describe_chunk(d);
    shipped::describe_times(d);
    shipped::describe_split(d);
    d.param("per", &bound::per,
            "what K is counted per; a sequence is another word for a sample, a pixel sums its colours",
            noneq::one_of({"sample", "sequence", "dim", "pixel"}))
        .writes("of_rows", "float64 [rows, 2]: K, which needs a reversible kernel, and vlb of each row of the data")
        .writes("t", "float64 [T−1]: step, or centre of a run of steps", noneq::extent::per_step)
        .writes("kl", "float64 [T−1]: bits that each step costs, in the unit of K", noneq::extent::per_step)
        .writes("kl_stderr", "float64 [T−1]: its standard error", noneq::extent::per_step);
  }
};

class both_bounds_sinking : public shipped::bounds_sinking {
 public:
  both_bounds_sinking(const bound& of, const noneq::measurement& m) : bounds_sinking(m, of.times), of_(of) {}

  noneq::outcome finish() override {
    noneq::outcome out;
    const Tensor K = kept_.joined("K"), null = kept_.joined("null"), L_T = kept_.joined("L_T"),
                 L_0 = kept_.joined("L_0");
    const noneq::process& process = m_.denoiser.process();
    bound by_dim;
    by_dim.per = "dim";
    const double own = of_.divisor(m_.info.shape), dims = by_dim.divisor(m_.info.shape);
    const auto add = [&](const char* name, const Tensor& nats, double over, const std::string& unit) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      out.records.push_back({name, noneq::bits(e.value) / over, unit, noneq::bits(e.stderr) / over, m_.part});
    };
    const std::string unit = "bits/" + of_.per;
    // K runs the forward kernel backwards at t = 1, which only a reversible one allows.
    if (process.kernel->reversible()) {
      add("K", K, own, unit);
      add("K_minus_null", K - null, own, unit);
      add("L_null", null, own, unit);
    }
    out.records.push_back({"beta_1", process.tables.beta_1(), ""});
    const Tensor vlb = L_T + kept_.joined("kl_sum") + L_0;
    add("vlb", vlb, dims, "bits/dim");
    add("L_T", L_T, dims, "bits/dim");
    add("L_0", L_0, dims, "bits/dim");
    out.arrays.set("of_rows", at::stack({noneq::bits(K) / own, noneq::bits(vlb) / dims}, 1));
    set_steps(out.arrays, K.size(0), noneq::bits(1.0) / own);
    return out;
  }

 private:
  const bound& of_;
};

std::unique_ptr<noneq::sinking> bound::open(const noneq::measurement& m) const {
  return std::make_unique<both_bounds_sinking>(*this, m);
}

}

NONEQ_PLUGIN(bound);
