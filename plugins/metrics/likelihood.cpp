// The mean log likelihood of rows, and that of each of them.
#include "../flow_likelihood.hpp"
#include "noneq/diffusion/bound.hpp"
#include "rows.hpp"

namespace {

using noneq::Tensor;

struct likelihood : noneq::metric, shipped::flow_likelihood {
  std::int64_t samples = 1000, chunk = 100;
  std::string split = "auto";

  void check_data(const noneq::dataset_info& info) const override {
    shipped::choose_rows(info, split, samples);
    check_rows(info);
  }

  noneq::row_request rows(const noneq::dataset_info& info) const override {
    return shipped::choose_rows(info, split, samples, chunk);
  }

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  static void describe(noneq::description<likelihood>& d) {
    d.doc(
         "Log likelihood by the probability flow ODE, adaptive steps of order 5 between t = 1 and T, in units of x⁰; "
         "of data with bins, the bound on the log probability of a bin. A self-conditioned network is told nothing.")
        .param("samples", &likelihood::samples, "rows of the data to measure on, from the first; 0: all",
               noneq::at_least(0));
    shipped::describe_chunk(d);
    describe_flow(d);
    shipped::describe_split(d);
    d.writes("log_likelihood", "float64 [rows]: bits of each row; not a number where the ODE did not end")
        .writes("probe_error", "float64 [rows]: standard error of it from the probes; not a number where not known")
        .writes("stopped_at", "float64 [rows]: t at which the ODE stopped; T where it ended")
        .spaces({"gaussian"});
  }
};

class likelihood_sinking : public shipped::keeping_sinking {
 public:
  likelihood_sinking(const likelihood& of, const noneq::measurement& m)
      : keeping_sinking(m), of_(of), flow_(m.denoiser), q_{m.info.bin_width} {
    if (!of.is_variational()) return;
    fitted_on_ = of.rows_to_fit(m.info, of.samples);
    q_ = of.fitted(flow_, m.denoiser, m.info.bin_width, m.pass, fitted_on_, m.stream);
  }

  noneq::batch map(noneq::batch rows) const override {
    const auto f = of_.measure(flow_, m_.denoiser, m_.info, q_, rows, m_.stream);
    return {rows.step,
            rows.first,
            {{"nats", f.by_flow}, {"probe_error", f.probe_error}, {"stopped_at", f.stopped_at}, {"bound", f.bound}}};
  }

  noneq::outcome finish() override {
    noneq::outcome out;
    const Tensor by_flow = kept_.joined("nats"), stopped_at = kept_.joined("stopped_at"),
                 probe_error = kept_.joined("probe_error");
    const Tensor stopped = by_flow.isnan(), failed = stopped.nonzero().squeeze(1);
    const Tensor nats = at::where(stopped, kept_.joined("bound"), by_flow);
    const Tensor known = nats.index({nats.isfinite()});
    const auto time_of = [&](std::int64_t j) { return stopped_at[failed[j]].item<double>(); };
    if (known.size(0) == 0)
      throw noneq::error(c10::str("got no row with a finite bound, or whose ODE ends within max_steps = ",
                                  of_.max_steps, ": row 0 stopped at t = ", time_of(0), " on its way from 1 to ",
                                  m_.denoiser.process().steps(), ", need more steps or larger tolerances"));

    const noneq::estimate e = noneq::estimate_mean(known);
    const auto dims = static_cast<double>(c10::multiply_integers(m_.info.shape));
    const double value = noneq::bits(e.value), error = noneq::bits(e.stderr);
    const std::int64_t n = known.size(0);
    out.records.push_back({"log_likelihood", value, "bits/sample", error, m_.part, n});
    out.records.push_back({"likelihood_bits_per_dim", -value / dims, "bits/dim", error / dims, m_.part, n});
    if (of_.trace == "hutchinson" && of_.probes > 1) {
      const double of_probes = std::sqrt(probe_error.square().nansum().item<double>()) / static_cast<double>(n);
      out.records.push_back({"trace_error", noneq::bits(of_probes), "bits/sample", NAN, m_.part, n});
    }
    if (failed.size(0) > 0) {
      constexpr std::int64_t named = 10;
      out.records.push_back({"not_converged", static_cast<double>(failed.size(0)), "rows", NAN, m_.part, nats.size(0)});
      for (std::int64_t j = 0; j < std::min(named, failed.size(0)); ++j)
        out.records.push_back({c10::str("t_of_row_", failed[j].item<std::int64_t>()), time_of(j), "", NAN, m_.part});
    }
    out.arrays.set("log_likelihood", noneq::bits(nats));
    out.arrays.set("probe_error", noneq::bits(probe_error));
    out.arrays.set("stopped_at", stopped_at);
    if (of_.is_variational() && std::isfinite(q_.spread))  // infinite: uniform noise fits best
      out.records.push_back(
          {"dequantisation_spread", q_.spread / q_.bin, "bins", NAN, fitted_on_.part, fitted_on_.count});
    return out;
  }

 private:
  const likelihood& of_;
  const shipped::flow_slope flow_;
  shipped::dequantisation q_;
  noneq::row_request fitted_on_;
};

std::unique_ptr<noneq::sinking> likelihood::open(const noneq::measurement& m) const {
  check_data(m.info);
  return std::make_unique<likelihood_sinking>(*this, m);
}

}

NONEQ_PLUGIN(likelihood);
