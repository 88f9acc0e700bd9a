// The log likelihood of rows by the probability flow ODE (Song et al. 2021, §4.3 and app. D.2): ln p(x^1) = ln π(x^T) +
// ∫ ∇·(dx/dφ) dφ, from t = 1 to T. It is the model's density of x⁰ + (σ_1/α_1) ε, the data as smooth as the schedule
// begins, taken at x⁰ itself: below t = 1 the model has no density. Const and thread-safe.
#pragma once

#include "bound_of_rows.hpp"
#include "chosen_rows.hpp"
#include "dequantisation.hpp"
#include "dormand_prince.hpp"
#include "flow_slope.hpp"

namespace shipped {

// The likelihoods of n rows, float64 [n]; nats.
struct likelihoods_of_rows {
  noneq::Tensor by_flow, probe_error;  // not a number where the ODE did not end
  noneq::Tensor bound;                 // the variational bound where the ODE did not end, not a number elsewhere
  noneq::Tensor stopped_at;            // t; T where it ended

  noneq::Tensor best() const { return at::where(by_flow.isnan(), bound, by_flow); }
};

// The parameters of plugins that measure likelihoods, and the measurement.
struct flow_likelihood : tolerances {
  std::int64_t probes = 2, fit = 32;
  std::string trace = "hutchinson", dequantisation_by = "uniform";

  bool is_variational() const { return dequantisation_by == "variational"; }

  // Throws noneq::error when data of this kind cannot be measured so.
  void check_rows(const noneq::dataset_info& info) const {
    constexpr std::int64_t most = 256;
    const std::int64_t dims = c10::multiply_integers(info.shape);
    if (trace == "exact" && dims > most)
      throw noneq::error(c10::str("got exact for samples of ", dims, " numbers, need hutchinson above ", most),
                         "trace");
    if (is_variational() && info.bin_width <= 0)
      throw noneq::error("got variational for data without bins, need uniform", "dequantisation");
  }

  // Returns the likelihoods of rows in the units of the model. Row k draws from row rows.first + k of the stream.
  likelihoods_of_rows measure(const flow_slope& flow, const noneq::denoiser& d, const noneq::dataset_info& info,
                              const dequantisation& q, const noneq::batch& rows, const noneq::stream& s) const {
    likelihoods_of_rows found = measure_by_flow(flow, d, q, rows, s);
    const noneq::Tensor stopped = found.by_flow.isnan(), nothing = at::full_like(found.by_flow, NAN);
    found.bound = nothing;
    if (!stopped.any().item<bool>()) return found;
    const bounds_of_rows b =
        measure_bounds(d, info, rows.at("x0"), d.given(rows), rows.first, d.process().steps() - 1, s.fork("bound"));
    found.bound = at::where(stopped, b.log_likelihood(), nothing);
    return found;
  }

  // The rows from which a spread is chosen: the last of the training data, or, for data without parts, those from
  // `behind` on.
  noneq::row_request rows_to_fit(const noneq::dataset_info& info, std::int64_t behind) const {
    constexpr std::int64_t block = 8;  // few rows, many threads
    auto rows = choose_rows(info, info.parts.empty() ? "auto" : "train", fit, block);
    rows.begin = info.parts.empty() ? behind : info.parts.at("train") - rows.count;
    return rows;
  }

  // Returns the spread, of some about that of the noise at t = 1, under which the bound on these rows is largest.
  dequantisation fitted(const flow_slope& flow, const noneq::denoiser& d, double bin, const noneq::row_pass& pass,
                        const noneq::row_request& rows, const noneq::stream& s) const {
    dequantisation best{bin};
    double largest = -INFINITY;
    noneq::Tensor stopped_at;
    for (const double share : {0.5, 0.7, 1.0, 1.4, 2.0, 4.0, static_cast<double>(INFINITY)}) {
      const dequantisation q{bin, share * std::tan(flow.begin())};
      const auto found = mapped(pass, rows, [&](const noneq::batch& some) -> noneq::batch {
        const likelihoods_of_rows f = measure_by_flow(flow, d, q, some, s.fork("fit"));
        return {some.step, some.first, {{"nats", f.by_flow}, {"stopped_at", f.stopped_at}}};
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

  template <class P>
  static void describe_flow(noneq::description<P>& d) {
    d.param("trace", &P::trace,
            "how the divergence is found: estimated with random signs, or exactly by one backward pass per number of "
            "a sample",
            noneq::one_of({"hutchinson", "exact"}))
        .param("probes", &P::probes,
               "vectors of random signs per row, each kept along its whole way; the error they make is known from 2 on",
               noneq::between(1, 1e4));
    describe_tolerances(d, "x and for the log density per dimension",
                        "is named, and counts with its variational bound, which is lower");
    d.param("dequantisation", &P::dequantisation_by,
            "where in its bin a value is taken to lie: uniformly, or by the Gaussian, cut off at the edges, whose "
            "spread gives the best bound",
            noneq::one_of({"uniform", "variational"}))
        .param("fit", &P::fit, "variational: rows of the training data to find the spread with, the last ones",
               noneq::at_least(1));
  }

 private:
  // Rademacher variables [n, probes, D] of rows first, …; undefined for the exact trace.
  noneq::Tensor draw_probes(const noneq::stream& s, std::int64_t n, std::int64_t dims, std::int64_t first) const {
    if (trace == "exact") return {};
    std::vector<noneq::Tensor> all;
    for (std::int64_t j = 0; j < probes; ++j) all.push_back(s.fork("probe").fork(j).uniform({n, dims}, first));
    return at::where(at::stack(all, 1) < 0.5, at::scalar_tensor(-1., at::kDouble), at::scalar_tensor(1., at::kDouble));
  }

  likelihoods_of_rows measure_by_flow(const flow_slope& flow, const noneq::denoiser& d, const dequantisation& q,
                                      const noneq::batch& rows, const noneq::stream& s) const {
    const noneq::kernel& k = *d.process().kernel;
    const noneq::sizes shape = rows.at("x0").sizes().vec();
    const std::int64_t first = rows.first;
    const auto within = q.draw(s.fork("dequantise").uniform(shape, first).to(at::kDouble));
    const noneq::Tensor x0 = rows.at("x0").to(at::kDouble) + within.u;
    const std::int64_t n = shape[0], dims = x0[0].numel();
    const auto by_dim = static_cast<double>(dims);
    const noneq::Tensor log_volume = by_dim * std::log(std::cos(flow.begin())) - within.log_q;  // x^1 = α_1 x⁰
    const noneq::conditions given = d.given(rows);
    const noneq::Tensor z = draw_probes(s, n, dims, first);
    const std::int64_t columns = z.defined() ? probes : 1;

    // Beside x, the log density per dimension, once for each probe.
    const auto slope = [&](const noneq::Tensor& phi, const noneq::Tensor& y, const noneq::Tensor& of) {
      noneq::sizes here = shape;
      here[0] = of.size(0);
      const auto told =
          flow(y.slice(1, 0, dims).reshape(here), phi, given.index_select(of), z.defined() ? z.index_select(0, of) : z);
      return at::cat({told.slope.flatten(1), told.divergence / by_dim}, 1);
    };
    const noneq::Tensor start =
        at::cat({std::cos(flow.begin()) * x0.flatten(1), at::zeros({n, columns}, at::kDouble)}, 1);
    const auto [y, phi, arrived] = integrate_rows(slope, flow.begin(), flow.end(), start, dims, *this);

    const noneq::Tensor end = y.slice(1, 0, dims).reshape(shape), gained = by_dim * y.slice(1, dims);
    const noneq::Tensor nats = k.log_prob(end, k.stationary(end)) + gained.mean(1) + log_volume;
    const noneq::Tensor nothing = at::full({n}, NAN, at::kDouble);
    const noneq::Tensor spread = columns > 1 ? gained.std(1) / std::sqrt(static_cast<double>(columns)) : nothing;
    return {at::where(arrived, nats, nothing), at::where(arrived, spread, nothing), {}, flow.time(phi)};
  }
};

}
