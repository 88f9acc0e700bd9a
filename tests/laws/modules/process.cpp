// Parts of a process, and what belongs to its training, each with a fault.
#include "noneq/diffusion/gaussian.hpp"
#include "noneq/plugin.hpp"

#include "faulty.hpp"

namespace {
using noneq::coefficients;
using noneq::distribution;
using noneq::Tensor;
}

namespace any_plugin {

struct undescribed : noneq::weighting {
  double power = 1;
  Tensor weight(const coefficients& c) const override { return at::ones_like(c.snr); }
  static void describe(noneq::description<undescribed>& d) { d.doc("x").param("power", &undescribed::power, ""); }
};
NONEQ_PLUGIN(undescribed);

struct Capital : noneq::weighting {
  Tensor weight(const coefficients& c) const override { return at::ones_like(c.snr); }
  static void describe(noneq::description<Capital>& d) { d.doc("Has a name with a capital letter."); }
};
NONEQ_PLUGIN(Capital);

struct grows : noneq::weighting {
  mutable double power = 1;
  void check() const override { power *= 2; }
  Tensor weight(const coefficients& c) const override { return at::ones_like(c.snr); }
  static void describe(noneq::description<grows>& d) { d.doc("Grows.").param("power", &grows::power, "doubles"); }
};
NONEQ_PLUGIN(grows);

struct renames : noneq::weighting {
  Tensor kept = at::zeros({2});
  int visits = 0;
  void state(const noneq::state_visitor& visit) override { visit("kept" + std::to_string(visits++), kept); }
  Tensor weight(const coefficients& c) const override { return at::ones_like(c.snr); }
  static void describe(noneq::description<renames>& d) { d.doc("Visits another name each time."); }
};
NONEQ_PLUGIN(renames);

}

namespace schedules {

struct faulty : testing::faulty<noneq::schedule> {
  Tensor leaf = at::zeros({}, at::kDouble).requires_grad_(true);

  Tensor beta() const override {
    const Tensor moved = is("detached") ? leaf.detach() + 0 * leaf : leaf;
    Tensor b = (at::linspace(-5, -2, steps, at::kDouble) + moved).sigmoid();
    if (is("range")) b = b - 0.01;
    if (is("random")) b = b + 1e-9 * other_each_time();
    return b;
  }
  Tensor log_snr_at(const Tensor& u) const override {
    if (is("together")) return 5 - 10 * u + u.mean();
    return is("rising") ? 5 + 10 * u : 5 - 10 * u;
  }
  std::vector<noneq::learnable_tensor> learnable() const override { return {{"leaf", leaf}}; }
  void state(const noneq::state_visitor& visit) override {
    if (!is("forgets")) schedule::state(visit);
  }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace grids {

struct faulty : testing::faulty<noneq::grid> {
  std::int64_t usual_count(std::int64_t T) const override { return is("usual") ? T + 1 : T; }
  std::vector<std::int64_t> indices(std::int64_t count, const noneq::tables& t) const override {
    std::vector<std::int64_t> all;
    for (std::int64_t k = 0; k < count; ++k) all.push_back(k * t.steps() / count);
    if (is("twice") && count > 1) all[1] = all[0];
    if (is("random")) all.front() = static_cast<std::int64_t>(other_each_time()) % 2 == 0 ? -1 : all.front();
    return all;
  }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace weightings {

struct faulty : testing::faulty<noneq::weighting> {
  Tensor weight(const coefficients& c) const override {
    const Tensor w = c.alpha_bar;
    if (is("negative")) return w - 0.5;
    return is("together") ? w / w.mean() : w;
  }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace variances {

struct faulty : testing::faulty<noneq::variance> {
  std::int64_t outputs() const override { return 1; }
  Tensor log_variance(const Tensor& raw, const coefficients& c, std::int64_t) const override {
    if (is("infinite")) return c.beta_tilde.log() + 0 * raw;
    if (is("together")) return raw - raw.mean();
    return is("detached") ? raw.detach() + 0 * raw : raw;
  }
  static void describe(noneq::description<faulty>& d) {
    describe_fault(d);
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(faulty);

}

namespace means {

struct faulty : testing::faulty<noneq::mean> {
  std::int64_t outputs() const override { return is("target") ? 2 : 1; }
  Tensor input(const Tensor& xt, const coefficients& c) const override { return is("input") ? xt * c.beta : xt; }
  Tensor location(const Tensor& z, const noneq::reverse_point& at) const override {
    Tensor clean = z;
    if (is("detached")) clean = z.detach() + 0 * z;
    if (is("together")) clean = z - z.mean() + z.mean().floor();
    return at.c.c1 * clean + (is("location") ? 0.9 : 1) * at.c.c2 * at.xt;
  }
  Tensor x0(const Tensor& z, const noneq::reverse_point&) const override { return is("x0") ? 1.01 * z : z; }
  Tensor of_step(const Tensor& z, const noneq::reverse_point&, const noneq::reverse_point&) const override {
    return is("of_step") ? 0.9 * z : z;
  }
  Tensor target(const Tensor& x0, const Tensor&, const noneq::reverse_point&) const override { return x0; }
  Tensor epsilon_error(const noneq::reverse_point& at) const override {
    return is("epsilon_error") ? at::ones_like(at.c.snr) : at.c.snr;
  }
  static void describe(noneq::description<faulty>& d) {
    describe_fault(d);
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(faulty);

}

namespace kernels {

namespace exact = noneq::gaussian;

struct faulty : testing::faulty<noneq::kernel> {
  bool has_variance() const override { return true; }
  Tensor noise(const noneq::sizes& shape, const noneq::stream& s, std::int64_t first) const override {
    return s.normal(shape, is("noise") ? 0 : first);
  }
  Tensor sample(const distribution& d, const Tensor& noise) const override {
    if (is("infinite")) return exact::sample(d, noise) / 0;
    return exact::sample(d, is("sample") ? 1.2 * noise : noise);
  }
  Tensor most_likely(const distribution& d) const override { return is("most_likely") ? d.location + 5 : d.location; }
  distribution stationary(const Tensor& like) const override {
    distribution pi = exact::stationary(like);
    if (is("stationary")) pi.log_variance = pi.log_variance + 0.7;
    return pi;
  }
  distribution transition(const Tensor& previous, const coefficients& c) const override {
    return exact::transition(previous, c);
  }
  distribution marginal(const Tensor& x0, const coefficients& c) const override {
    distribution q = exact::marginal(x0, c);
    if (is("shape")) q.log_variance = Tensor();
    if (is("first")) q.location = q.location * at::where(c.alpha_bar_prev == 1, 1.01, 1.0);
    return q;
  }
  distribution posterior(const Tensor& x0, const Tensor& xt, const coefficients& c) const override {
    distribution q = exact::posterior(x0, xt, c);
    if (is("bayes")) q.location = 1.01 * q.location;
    if (is("together")) q.location = q.location - q.location.mean();
    return q;
  }
  Tensor log_prob(const Tensor& x, const distribution& d) const override {
    return exact::log_prob(x, is("detached") ? distribution{d.location.detach(), d.log_variance} : d);
  }
  Tensor kl(const distribution& q, const distribution& p) const override {
    return exact::kl(q, p) + (is("kl") ? 0.1 : 0);
  }
  Tensor entropy(const distribution& d) const override { return exact::entropy(d, d.location); }
  Tensor cross_entropy(const distribution& q, const distribution& p) const override {
    return exact::cross_entropy(q, p);
  }
  Tensor log_marginal_of_atoms(const Tensor& xt, const Tensor& atoms, double, const coefficients& c) const override {
    std::vector<Tensor> each;
    for (std::int64_t j = 0; j < atoms.size(0); ++j)
      each.push_back(log_prob(xt, marginal(atoms.slice(0, j, j + 1).expand_as(xt).contiguous(), c)));
    return at::stack(each, 1) * (is("atoms") ? 1.1 : 1);
  }
  distribution matched(const Tensor& weights, const Tensor& atoms, double, const Tensor& xt,
                       const coefficients& c) const override {
    return posterior(weights.matmul(atoms.flatten(1)).view(xt.sizes()), xt, c);
  }
  void check_data(const Tensor& x0) const override {
    if (!x0.isfinite().all().item<bool>()) throw noneq::error("x0: got a number that is not finite, need one");
  }
  static void describe(noneq::description<faulty>& d) {
    describe_fault(d);
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(faulty);

}

namespace time_samplers {

struct faulty : testing::faulty<noneq::time_sampler> {
  Tensor updates = at::zeros({1});

  noneq::drawn_times draw(std::int64_t B, const noneq::process& p, const noneq::stream& s) const override {
    if (p.tables.continuous()) throw noneq::error("draws whole steps only");
    const std::int64_t T = p.steps();
    Tensor u = s.uniform({B}).to(at::kDouble);
    if (is("random")) u = (u + 0.1 * other_each_time()).remainder(1);
    Tensor index = (u * T).to(at::kLong).clamp_max(T - 1);
    if (is("forgets")) index = (index + updates.sum().to(at::kLong)).remainder(T);
    return {is("range") ? index + T : index, at::full({B}, is("weights") ? 0.9 : 1.0, at::kFloat)};
  }
  bool adaptive() const override { return is("forgets"); }
  void update(const Tensor&, const Tensor&) override { updates += 1; }
  static void describe(noneq::description<faulty>& d) { describe_fault(d); }
};
NONEQ_PLUGIN(faulty);

}

namespace losses {

struct faulty : testing::faulty<noneq::loss> {
  Tensor run(const noneq::batch& b, const noneq::process& p) const override {
    Tensor x0 = b.at("x0"), output = b.at("output");
    const auto c = noneq::coefficients_at(p.tables, b.at("t"), b.at("xt"));
    const noneq::reverse_point at{b.at("xt"), c, *p.kernel, p.log_variance({}, c)};
    Tensor error = (output - p.mean->target(x0, b.at("noise"), at)).square();
    if (is("target")) error = (output - p.mean->target(x0, b.at("noise"), at) - 0.3).square();
    if (is("detached")) error = error.detach() + 0 * output;
    if (b.has("mask") && !is("missing")) error = error * b.at("mask");
    const Tensor each = error.flatten(1).mean(1);
    if (is("infinite")) return each / 0;
    if (is("together")) return each / each.mean().detach();
    return each;
  }
  void check_process(const noneq::process& p) const override {
    if (p.variance && p.variance->outputs() > 0) throw noneq::error("trains no variance");
  }
  const char* unit() const override { return ""; }
  bool takes_missing() const override { return true; }
  bool trains_schedule() const override { return is("schedule"); }
  static void describe(noneq::description<faulty>& d) {
    describe_fault(d);
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(faulty);

}

namespace noisers {

struct faulty : testing::faulty<noneq::noiser> {
  void draw(noneq::batch& b, const noneq::process& p, const noneq::stream& s) const override {
    noiser::draw(b, p, s);
    if (is("rows")) b.set("noise", p.kernel->noise(b.at("x0").sizes().vec(), s, 0));
    if (is("times")) b.set("t", time->draw(b.size(), p, s.fork("t")).index);
    if (is("random")) b.set("noise", b.at("noise") * (1 + 1e-3 * other_each_time()));
  }
  void apply(noneq::batch& b, const noneq::process& p, const noneq::stream&) const override {
    const Tensor x0 = b.at("x0");
    b.set("xt",
          is("marginal") ? x0 : p.kernel->jump(x0, noneq::coefficients_at(p.tables, b.at("t"), x0), b.at("noise")));
    if (is("changes")) b.set("x0", x0 + 1);
  }
  static void describe(noneq::description<faulty>& d) {
    describe_fault(d);
    d.spaces({"gaussian"});
  }
};
NONEQ_PLUGIN(faulty);

}
