// What no model can beat. For data whose density is known exactly (a mixture of atoms): the ceiling K* = −H_q(X¹) −
// KL(q(x^T)‖π) that perfect reverse kernels reach, and the attainable K of the best reverse kernels within the family
// (for a diagonal Gaussian: exact posterior mean and variance per dimension). Sohl-Dickstein et al. 2015,
// §2.4.
#include <mutex>

#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct chunk_estimates {
  Tensor ceiling, attainable;  // nats, [n]
};

struct ceiling : noneq::metric {
  noneq::part<noneq::loader> truth;
  std::int64_t samples = 2000, chunk = 50;

  // Exact draws: atom k is the (k/n)-quantile of the mixture, taken at equal strides so that the curve is covered
  // evenly.
  static Tensor draw(const noneq::mixture& m, std::int64_t first, std::int64_t n, std::int64_t total,
                     const noneq::stream& s) {
    const Tensor edges = at::softmax(m.log_weights.to(at::kDouble), 0).cumsum(0);
    const Tensor u =
        (at::arange(first, first + n, at::kDouble) + s.fork("u").uniform({n, 1}, first).squeeze(1).to(at::kDouble)) /
        static_cast<double>(total);
    const Tensor chosen = at::searchsorted(edges, u).clamp_max(m.atoms.size(0) - 1);
    Tensor x0 = m.atoms.to(at::kDouble).index_select(0, chosen);
    if (m.variance > 0)
      x0 = x0 + std::sqrt(m.variance) * s.fork("blur").normal(x0.sizes().vec(), first).to(at::kDouble);
    return x0;
  }

  chunk_estimates estimate(const noneq::process& p, const noneq::mixture& m, std::int64_t first, std::int64_t n,
                           const noneq::stream& s) const {
    const auto& k = *p.kernel;
    const std::int64_t T = p.steps();
    const Tensor x0 = draw(m, first, n, samples, s), atoms = m.atoms.to(at::kDouble),
                 log_weights = at::log_softmax(m.log_weights.to(at::kDouble), 0);
    const auto shape = x0.sizes().vec();
    const auto at_time = [&](std::int64_t i) { return noneq::at(p.tables, at::full({n}, i, at::kLong), x0); };
    const auto at_xt = [&](std::int64_t i, const noneq::coefficients& c) {
      return k.sample(k.marginal(x0, c), k.noise(shape, s.fork(i), first).to(at::kDouble));
    };
    const auto log_density = [&](const Tensor& xt, const noneq::coefficients& c) {
      return k.log_marginal_of_atoms(xt, atoms, m.variance, c) + log_weights;  // [n, atoms], joint with the atom
    };
    const noneq::distribution pi = k.stationary(x0), q1 = k.marginal(x0, at_time(0)),
                              qT = k.marginal(x0, at_time(T - 1));
    const Tensor edge = k.log_prob(x0, pi) + k.cross_entropy(q1, pi);

    chunk_estimates e;
    const Tensor x1 = at_xt(0, at_time(0)), xT = at_xt(T - 1, at_time(T - 1));
    e.ceiling = log_density(x1, at_time(0)).logsumexp(1) - log_density(xT, at_time(T - 1)).logsumexp(1) +
                k.log_prob(xT, pi) + edge;
    Tensor kl_sum = at::zeros({n}, at::kDouble);
    for (std::int64_t i = 1; i < T; ++i) {
      const noneq::coefficients c = at_time(i);
      const Tensor xt = at_xt(i, c), weights = log_density(xt, c).softmax(1);
      // For the moment-matched member p of an exponential family, E KL(q‖p) = H(p) − E H(q).
      kl_sum = kl_sum + k.entropy(k.matched(weights, atoms, m.variance, xt, c)) - k.entropy(k.posterior(x0, xt, c));
    }
    e.attainable = noneq::trajectory_bound(kl_sum, k.entropy(qT), k.entropy(q1), k.cross_entropy(qT, pi), edge);
    return e;
  }

  void measure(noneq::measurement& m) const override {
    const std::optional<noneq::mixture> known =
        truth ? truth->open(std::nullopt, m.stream)->info().truth : m.data.info().truth;
    if (!known)
      throw noneq::error("the density of this data is not known; need truth: a generator that knows its own", "truth");
    std::vector<chunk_estimates> parts(static_cast<std::size_t>((samples + chunk - 1) / chunk));
    m.parallel(static_cast<std::int64_t>(parts.size()), [&](std::int64_t i) {
      parts[static_cast<std::size_t>(i)] =
          estimate(m.denoiser.process(), *known, i * chunk, std::min(chunk, samples - i * chunk), m.stream);
    });
    std::vector<Tensor> all, best;
    for (const auto& part : parts) all.push_back(part.ceiling), best.push_back(part.attainable);
    const auto add = [&](const char* name, const Tensor& nats) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      m.records.push_back({name, noneq::bits(e.value), "bits/sequence", noneq::bits(e.stderr)});
    };
    add("ceiling", at::cat(all));
    add("attainable", at::cat(best));
    report_gaps(m);
  }

  // The network's gap and the schedule's, when K was measured before.
  static void report_gaps(noneq::measurement& m) {
    const auto K =
        std::find_if(m.earlier.begin(), m.earlier.end(), [](const noneq::measured& r) { return r.name == "K"; });
    if (K == m.earlier.end() || K->unit != "bits/sequence") return;
    const noneq::measured ceiling = m.records[0], attainable = m.records[1];
    const auto add = [&](const char* name, const noneq::measured& high, const noneq::measured& low) {
      m.records.push_back(
          {name, high.value - low.value, high.unit, std::hypot(high.standard_error, low.standard_error)});
    };
    add("attainable_minus_K", attainable, *K);
    add("ceiling_minus_K", ceiling, *K);
  }

  static void describe(noneq::description<ceiling>& d) {
    d.doc(
         "The exact ceiling K* and the K attainable under this schedule, for data of known density; and how far K is "
         "from them.")
        .param("truth", &ceiling::truth, "the generator the data came from; left out: the pipeline's own loader")
        .param("samples", &ceiling::samples, "draws from the density", noneq::at_least(2))
        .param("chunk", &ceiling::chunk, "draws one thread takes at a time", noneq::at_least(1));
  }
};

}

NONEQ_PLUGIN(ceiling);
