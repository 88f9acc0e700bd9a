// The log likelihood by the probability flow ODE (Song et al. 2021, §4.3 and app. D.2): ln p(x^1) = ln π(x^T) + ∫
// ∇·(dx/dφ) dφ, from t = 1 to T. It is the model's density of x⁰ + (σ_1/α_1) ε, the data as smooth as the schedule
// begins, taken at x⁰ itself: below t = 1 the model has no density.
#include "bound_of_rows.hpp"
#include "dequantisation.hpp"
#include "dormand_prince.hpp"
#include "flow_slope.hpp"
#include "noneq/diffusion/bound.hpp"
#include "rows.hpp"

namespace {

using noneq::Tensor;

// The results of the ODE for some rows, float64 [n].
struct flow_found {
  Tensor nats, probe_error;  // not a number where the ODE did not end
  Tensor stopped_at;         // t; T where it ended
};

struct likelihood : noneq::metric {
  std::int64_t samples = 1000, chunk = 100, probes = 2, max_steps = 1000, fit = 32;
  double absolute = 1e-5, relative = 1e-5;
  std::string trace = "hutchinson", dequantisation = "uniform", split = "auto";

  void check_data(const noneq::dataset_info& info) const override {
    shipped::choose_rows(info, split, samples);
    constexpr std::int64_t most = 256;
    const std::int64_t dims = c10::multiply_integers(info.shape);
    if (trace == "exact" && dims > most)
      throw noneq::error(c10::str("got exact for samples of ", dims, " numbers, need hutchinson above ", most),
                         "trace");
    if (dequantisation == "variational" && info.bin_width <= 0)
      throw noneq::error("got variational for data without bins, need uniform", "dequantisation");
  }

  // Rademacher variables [n, probes, D] of rows first, …; undefined for the exact trace.
  Tensor draw_probes(const noneq::stream& s, std::int64_t n, std::int64_t dims, std::int64_t first) const {
    if (trace == "exact") return {};
    std::vector<Tensor> all;
    for (std::int64_t j = 0; j < probes; ++j) all.push_back(s.fork("probe").fork(j).uniform({n, dims}, first));
    return at::where(at::stack(all, 1) < 0.5, at::scalar_tensor(-1., at::kDouble), at::scalar_tensor(1., at::kDouble));
  }

  flow_found measure_rows(const shipped::flow_slope& flow, const noneq::kernel& k, const shipped::dequantisation& q,
                          const noneq::batch& rows, const noneq::stream& s) const {
    const noneq::sizes shape = rows.at("x0").sizes().vec();
    const std::int64_t first = rows.first;
    const auto within = q.draw(s.fork("dequantise").uniform(shape, first).to(at::kDouble));
    const Tensor x0 = rows.at("x0").to(at::kDouble) + within.u;
    const std::int64_t n = shape[0], dims = x0[0].numel();
    const auto by_dim = static_cast<double>(dims);
    const Tensor log_volume = by_dim * std::log(std::cos(flow.begin())) - within.log_q;  // x^1 = α_1 x⁰
    const noneq::conditions given = noneq::conditions_of(rows);
    const Tensor z = draw_probes(s, n, dims, first);
    const std::int64_t columns = z.defined() ? probes : 1;

    // Beside x, the log density per dimension, once for each probe.
    const auto slope = [&](const Tensor& phi, const Tensor& y, const Tensor& of) {
      noneq::sizes here = shape;
      here[0] = of.size(0);
      const auto told =
          flow(y.slice(1, 0, dims).reshape(here), phi, given.index_select(of), z.defined() ? z.index_select(0, of) : z);
      return at::cat({told.slope.flatten(1), told.divergence / by_dim}, 1);
    };
    const Tensor start = at::cat({std::cos(flow.begin()) * x0.flatten(1), at::zeros({n, columns}, at::kDouble)}, 1);
    const auto [y, phi, arrived] =
        shipped::integrate_rows(slope, flow.begin(), flow.end(), start, dims, {absolute, relative, max_steps});

    const Tensor end = y.slice(1, 0, dims).reshape(shape), gained = by_dim * y.slice(1, dims);
    const Tensor nats = k.log_prob(end, k.stationary(end)) + gained.mean(1) + log_volume;
    const Tensor nothing = at::full({n}, NAN, at::kDouble);
    const Tensor spread = columns > 1 ? gained.std(1) / std::sqrt(static_cast<double>(columns)) : nothing;
    return {at::where(arrived, nats, nothing), at::where(arrived, spread, nothing), flow.time(phi)};
  }

  // The rows from which a spread is chosen: the last of the training data, or, for data without parts, those behind the
  // measured ones.
  noneq::row_request rows_to_fit(const noneq::dataset_info& info) const {
    constexpr std::int64_t block = 8;  // few rows, many threads
    auto rows = shipped::choose_rows(info, info.parts.empty() ? "auto" : "train", fit, block);
    rows.begin = info.parts.empty() ? samples : info.parts.at("train") - rows.count;
    return rows;
  }

  // Returns the spread, of some about that of the noise at t = 1, under which the bound on these rows is largest.
  shipped::dequantisation fitted(const noneq::measurement& m, const shipped::flow_slope& flow,
                                 const noneq::row_request& rows) const {
    shipped::dequantisation best{m.info.bin_width};
    double largest = -INFINITY;
    Tensor stopped_at;
    for (const double share : {0.5, 0.7, 1.0, 1.4, 2.0, 4.0, static_cast<double>(INFINITY)}) {
      const shipped::dequantisation q{m.info.bin_width, share * std::tan(flow.begin())};
      const auto found = shipped::mapped(m.pass, rows, [&](const noneq::batch& some) -> noneq::batch {
        const flow_found f = measure_rows(flow, *m.denoiser.process().kernel, q, some, m.stream.fork("fit"));
        return {some.step, some.first, {{"nats", f.nats}, {"stopped_at", f.stopped_at}}};
      });
      // When one row does not end, the mean is not known.
      const double bound = found.joined("nats").mean().item<double>();
      if (bound > largest) best = q, largest = bound;
      if (std::isnan(bound)) stopped_at = found.joined("stopped_at");
    }
    if (largest == -INFINITY && stopped_at.defined())
      throw noneq::error(c10::str("got no spread under which the ODE of every one of ", rows.count,
                                  " rows ends within max_steps = ", max_steps, ": one stopped at t = ",
                                  stopped_at.min().item<double>(), ", need more steps or larger tolerances"),
                         "dequantisation");
    return best;
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
    d.param("trace", &likelihood::trace,
            "how the divergence is found: estimated with random signs, or exactly by one backward pass per number of "
            "a sample",
            noneq::one_of({"hutchinson", "exact"}))
        .param("probes", &likelihood::probes,
               "vectors of random signs per row, each kept along its whole way; the error they make is known from 2 on",
               noneq::between(1, 1e4))
        .param("absolute", &likelihood::absolute, "tolerance of a step, for x and for the log density per dimension",
               noneq::above(0))
        .param("relative", &likelihood::relative, "the same as a share of the number itself", noneq::above(0))
        .param("max_steps", &likelihood::max_steps,
               "steps tried per row; a row that needs more is named, and counts with its variational bound, which is "
               "lower",
               noneq::at_least(1));
    d.param(
         "dequantisation", &likelihood::dequantisation,
         "where in its bin a value is taken to lie: uniformly, or by the Gaussian, cut off at the edges, whose spread "
         "gives the best bound",
         noneq::one_of({"uniform", "variational"}))
        .param("fit", &likelihood::fit, "variational: rows of the training data to find the spread with, the last ones",
               noneq::at_least(1));
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
    if (of.dequantisation != "variational") return;
    fitted_on_ = of.rows_to_fit(m.info);
    q_ = of.fitted(m, flow_, fitted_on_);
  }

  noneq::batch map(noneq::batch rows) const override {
    const flow_found f = of_.measure_rows(flow_, *m_.denoiser.process().kernel, q_, rows, m_.stream);
    return {rows.step,
            rows.first,
            {{"nats", f.nats},
             {"probe_error", f.probe_error},
             {"stopped_at", f.stopped_at},
             {"bound", bound_where_stopped(f.nats.isnan(), rows)}}};
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
    if (of_.dequantisation == "variational" && std::isfinite(q_.spread))  // infinite: uniform noise fits best
      out.records.push_back(
          {"dequantisation_spread", q_.spread / q_.bin, "bins", NAN, fitted_on_.part, fitted_on_.count});
    return out;
  }

 private:
  // The variational bound of rows whose ODE did not end; not a number for the others.
  Tensor bound_where_stopped(const Tensor& stopped, const noneq::batch& rows) const {
    if (!stopped.any().item<bool>()) return at::full({stopped.size(0)}, NAN, at::kDouble);
    const auto b = shipped::measure_bounds(m_.denoiser, m_.info, rows.at("x0"), noneq::conditions_of(rows), rows.first,
                                           m_.denoiser.process().steps() - 1, m_.stream.fork("bound"));
    return at::where(stopped, -(b.L_T + b.kl_sum + b.L_0), at::scalar_tensor(NAN, at::kDouble));
  }

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
