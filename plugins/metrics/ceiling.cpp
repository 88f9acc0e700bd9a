// The values that no model can exceed. For data whose density is known exactly (a mixture of atoms): the ceiling K* =
// −H_q(X¹) − KL(q(x^T)‖π) that perfect reverse kernels reach, and the attainable K of the best reverse kernels within
// the family (for a diagonal Gaussian: exact posterior mean and variance per dimension). Sohl-Dickstein et al. 2015,
// §2.4.
#include "coarse_mixture.hpp"
#include "noneq/plugin.hpp"
#include "rows.hpp"

namespace {

using noneq::Tensor;

// Draws of x¹ and x^T for each x⁰: the ceiling is cheap to draw, and scatters more than the attainable K.
constexpr std::int64_t noises = 4;

struct ceiling : noneq::metric {
  noneq::part<noneq::loader> truth;
  std::int64_t samples = 2000, chunk = 50;

  // Exact draws: atom k is the (k/n)-quantile of the mixture, taken at equal strides so that the curve is covered
  // evenly.
  static Tensor draw(const shipped::coarse_mixture& m, std::int64_t first, std::int64_t n, std::int64_t total,
                     const noneq::stream& s) {
    const auto& [atoms, log_weights, none] = m.finest();
    const Tensor edges = log_weights.exp().cumsum(0);
    const Tensor u =
        (at::arange(first, first + n, at::kDouble) + s.fork("u").uniform({n, 1}, first).squeeze(1).to(at::kDouble)) /
        static_cast<double>(total);
    const Tensor chosen = at::searchsorted(edges, u).clamp_max(atoms.size(0) - 1);
    Tensor x0 = atoms.index_select(0, chosen);
    if (m.variance() > 0)
      x0 = x0 + std::sqrt(m.variance()) * s.fork("blur").normal(x0.sizes().vec(), first).to(at::kDouble);
    return x0;
  }

  // The mixture blurred by step i. Joining atoms is a matter of distances, which states that are not numbers lack.
  static const shipped::coarse_mixture::level& at_step(const noneq::process& p, const shipped::coarse_mixture& m,
                                                       std::int64_t i) {
    if (!p.kernel->has_variance()) return m.finest();
    return m.seen_through(std::sqrt(m.variance() + 1 / p.tables.snr[i].item<double>()));
  }

  struct estimates {
    Tensor ceiling, attainable;  // nats, [n]
    Tensor control;              // of mean 0, and correlated with `ceiling`
  };
  estimates estimate(const noneq::process& p, const shipped::coarse_mixture& m, std::int64_t first, std::int64_t n,
                     const noneq::stream& s) const {
    const auto& k = *p.kernel;
    const std::int64_t T = p.steps();
    const Tensor x0 = draw(m, first, n, samples, s);
    const auto shape = x0.sizes().vec();
    const auto at_time = [&](std::int64_t i) {
      return noneq::coefficients_at(p.tables, at::full({n}, i, at::kLong), x0);
    };
    const auto at_xt = [&](const noneq::distribution& q, const noneq::stream& here) {
      return k.sample(q, k.noise(shape, here, first).to(at::kDouble));
    };
    // [n, atoms], joint with the atom.
    const auto log_density = [&](const Tensor& xt, std::int64_t i, const noneq::coefficients& c) {
      const auto& seen = at_step(p, m, i);
      return k.log_marginal_of_atoms(xt, seen.atoms, m.variance(), c) + seen.log_weights;
    };
    const noneq::coefficients c1 = at_time(0), cT = at_time(T - 1);
    const noneq::distribution pi = k.stationary(x0), q1 = k.marginal(x0, c1), qT = k.marginal(x0, cT);
    const Tensor edge = k.log_prob(x0, pi) + k.cross_entropy(q1, pi);

    estimates e;
    e.ceiling = edge;
    e.control = k.entropy(q1);
    for (std::int64_t j = 0; j < noises; ++j) {
      const Tensor x1 = at_xt(q1, s.fork(0).fork(j)), xT = at_xt(qT, s.fork(T - 1).fork(j));
      const Tensor once = log_density(x1, 0, c1).logsumexp(1) - log_density(xT, T - 1, cT).logsumexp(1);
      e.ceiling = e.ceiling + (once + k.log_prob(xT, pi)) / static_cast<double>(noises);
      e.control = e.control + k.log_prob(x1, q1) / static_cast<double>(noises);
    }
    Tensor kl_sum = at::zeros({n}, at::kDouble);
    for (std::int64_t i = 1; i < T; ++i) {
      noneq::stop_here_if_asked();
      const noneq::coefficients c = at_time(i);
      const Tensor xt = at_xt(k.marginal(x0, c), s.fork(i)), weights = log_density(xt, i, c).softmax(1);
      // For the moment-matched member p of an exponential family, E KL(q‖p) = H(p) − E H(q).
      kl_sum = kl_sum + k.entropy(k.matched(weights, at_step(p, m, i).atoms, m.variance(), xt, c)) -
               k.entropy(k.posterior(x0, xt, c));
    }
    e.attainable = noneq::trajectory_bound(kl_sum, k.entropy(qT), k.entropy(q1), k.cross_entropy(qT, pi), edge);
    return e;
  }

  // Returns x less the part that the control explains.
  static Tensor controlled(const Tensor& x, const Tensor& control) {
    const Tensor centred = control - control.mean();
    const double variance = centred.square().mean().item<double>();
    if (!(variance > 0)) return x;
    return x - ((x - x.mean()) * centred).mean() / variance * control;
  }

  void check_process(const noneq::process& p) const override { noneq::need_reversible(*p.kernel); }

  void check_data(const noneq::dataset_info& data) const override {
    if (!truth && !data.truth) refuse_unknown();
    if (!truth) return;
    const auto shape = truth->open(std::nullopt, noneq::stream(0))->info().shape;
    if (shape != data.shape)
      throw noneq::error("got a generator of samples " + noneq::to_string(shape) +
                             ", need the one that made the data, " + noneq::to_string(data.shape),
                         "truth");
  }

  // Returns ln of the density at each row, blurred by a little noise so that atoms without width have one, too.
  static Tensor log_density(const shipped::coarse_mixture& m, const Tensor& rows) {
    constexpr double seen_through = 0.01;
    const double variance = m.variance() + seen_through * seen_through;
    const auto& seen = m.seen_through(std::sqrt(variance));
    std::vector<Tensor> parts;
    for (const Tensor& some : rows.to(at::kDouble).flatten(1).split(50))
      parts.push_back(
          (seen.log_weights - at::cdist(some, seen.atoms.flatten(1)).square() / (2 * variance)).logsumexp(1));
    return at::cat(parts);
  }

  // The first rows of equal parts of the data, which may be in some order: x⁰ of about `count` rows.
  static Tensor spread_rows(const noneq::measurement& m, std::int64_t count) {
    constexpr std::int64_t parts = 16;
    const std::int64_t all = m.info.measured;
    const bool few = all < 0 || all <= count;
    const std::int64_t each = few ? (all < 0 ? count : all) : count / parts, stride = few ? 0 : all / parts;
    std::vector<Tensor> rows;
    for (std::int64_t k = 0; k < (few ? 1 : parts); ++k)
      m.pass(
          {"", each, k * stride}, [](noneq::batch b) { return b; },
          [&](const noneq::batch& b) { rows.push_back(b.at("x0")); });
    return at::cat(rows);
  }

  // A ceiling for other data than the model learned has no meaning for it. Rows of the data and draws from the density
  // must agree in the mean of its logarithm.
  static void need_same_data(const shipped::coarse_mixture& density, const noneq::measurement& m) {
    constexpr std::int64_t count = 2000;
    const auto of_rows = noneq::estimate_mean(log_density(density, spread_rows(m, count)));
    const auto of_draws =
        noneq::estimate_mean(log_density(density, draw(density, 0, count, count, m.stream.fork("check"))));
    const double error = std::hypot(of_rows.stderr, of_draws.stderr), apart = of_rows.value - of_draws.value;
    if (std::abs(apart) > 6 * error + 0.05)
      throw noneq::error(c10::str("got a generator of other data than the loader's: ln q is ", of_rows.value,
                                  " on average over its rows and ", of_draws.value, " over the generator's, ± ", error,
                                  "; need the generator that made the data, with its settings"),
                         "truth");
  }

  // Draws from the density, in batches without data.
  noneq::row_request rows(const noneq::dataset_info&) const override { return {"", samples, 0, chunk, false}; }

  std::unique_ptr<noneq::sinking> open(const noneq::measurement& m) const override;

  [[noreturn]] static void refuse_unknown() {
    throw noneq::error("the density of this data is not known; need truth: a generator that knows its own", "truth");
  }

  static void describe(noneq::description<ceiling>& d) {
    d.doc(
         "The exact ceiling K* and the K attainable under this schedule, for data of known density; and how far K is "
         "from them.")
        .param("truth", &ceiling::truth, "the generator the data came from; left out: the pipeline's own loader")
        .param("samples", &ceiling::samples, "draws from the density", noneq::between(2, 1e8))
        .param("chunk", &ceiling::chunk, "draws one thread takes at a time", noneq::between(1, 1e4));
  }
};

class ceiling_sinking : public shipped::keeping_sinking {
 public:
  ceiling_sinking(const ceiling& of, const noneq::measurement& m, const noneq::mixture& known)
      : keeping_sinking(m), of_(of), density_(known) {
    if (of.truth) ceiling::need_same_data(density_, m);
  }

  noneq::batch map(noneq::batch draws) const override {
    const std::int64_t n = std::min(of_.chunk, of_.samples - draws.first);
    const auto e = of_.estimate(m_.denoiser.process(), density_, draws.first, n, m_.stream);
    return {draws.step, draws.first, {{"ceiling", e.ceiling}, {"attainable", e.attainable}, {"control", e.control}}};
  }

  noneq::outcome finish() override {
    noneq::outcome out;
    const auto add = [&](const char* name, const Tensor& nats) {
      const noneq::estimate e = noneq::estimate_mean(nats);
      out.records.push_back({name, noneq::bits(e.value), "bits/sample", noneq::bits(e.stderr)});
    };
    add("ceiling", ceiling::controlled(kept_.joined("ceiling"), kept_.joined("control")));
    add("attainable", kept_.joined("attainable"));
    report_gaps(out.records);
    return out;
  }

 private:
  // The network's gap and the schedule's, when K was measured before.
  void report_gaps(std::vector<noneq::measured>& records) const {
    const auto K =
        std::find_if(m_.earlier.begin(), m_.earlier.end(), [](const noneq::measured& r) { return r.name == "K"; });
    if (K == m_.earlier.end() || (K->unit != "bits/sample" && K->unit != "bits/sequence")) return;
    const noneq::measured ceiling = records[0], attainable = records[1];
    const auto add = [&](const char* name, const noneq::measured& high, const noneq::measured& low) {
      records.push_back({name, high.value - low.value, high.unit, std::hypot(high.standard_error, low.standard_error)});
    };
    add("attainable_minus_K", attainable, *K);
    add("ceiling_minus_K", ceiling, *K);
  }

  const ceiling& of_;
  const shipped::coarse_mixture density_;
};

std::unique_ptr<noneq::sinking> ceiling::open(const noneq::measurement& m) const {
  const std::optional<noneq::mixture> known = truth ? truth->open(std::nullopt, m.stream)->info().truth : m.info.truth;
  if (!known) refuse_unknown();
  return std::make_unique<ceiling_sinking>(*this, m, *known);
}

}

NONEQ_PLUGIN(ceiling);
