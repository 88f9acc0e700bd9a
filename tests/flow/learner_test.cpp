// The gradient of a step, by itself.
#include "noneq/flow/learner.hpp"
#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "noneq/plugin/roles/model.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

static observer nobody;

TEST_CASE(
    "the shape of a learned SNR gets the gradient of the variance of the loss estimates, its end that of the loss") {
  session s(small_plan({"process.schedule={plugin: learned_snr, steps: 12, units: 4}", "graph.loader.batch=512"}));
  const learner l(s);
  const auto& noiser = s.plan().training().noiser.as<noneq::noiser>();
  batch rows = s.data().prepare(s.data().fetch(0, s.stream()));
  noiser.draw(rows, s.plan().process, s.stream());
  const auto step = [&] { return l.gradient(rows, rows.size(), 0, nobody); };
  const auto variance = [](const shard_gradient& g, const Tensor& weight) {
    return (g.samples.per_sample * weight).var().item<double>();
  };

  const shard_gradient here = step();
  const std::size_t weights = s.weights().vectors().size();
  const auto learnable = s.plan().process.schedule->learnable();
  REQUIRE(here.gradients.size() == weights + learnable.size());
  for (std::size_t k = 0; k < learnable.size(); ++k) {
    CAPTURE(learnable[k].name);
    const Tensor& leaf = learnable[k].leaf;
    const Tensor gradient = here.gradients[weights + k];
    const double h = 0.01;
    const Tensor way = gradient / gradient.norm();
    const auto moved = [&](double by) {
      leaf.data().add_(way, by);
      const shard_gradient there = step();
      leaf.data().add_(way, -by);
      return learnable[k].by_variance ? variance(there, rows.at("weight")) : there.loss;
    };
    CHECK(gradient.norm().item<double>() == doctest::Approx((moved(h) - moved(-h)) / (2 * h)).epsilon(0.02));
  }
}

TEST_CASE("a network is trained on what its prediction makes of x^t, and its loss is that of the prediction") {
  session s(small_plan({"process.schedule={plugin: rectified, steps: 12}", "process.mean=velocity",
                        "process.variance=fixed_small", "graph.loss={plugin: loss.simple, in: model}"}));
  for (const Tensor& w : s.network().parameters()) w.data().add_(0.1 * at::ones_like(w));
  batch rows = s.data().prepare(s.data().fetch(0, s.stream()));
  const auto& noiser = s.plan().training().noiser.as<noneq::noiser>();
  const process& p = s.plan().process;
  noiser.draw(rows, p, s.stream());
  noiser.apply(rows, p, s.stream());
  const Tensor t = rows.at("t"), x0 = rows.at("x0"), noise = rows.at("noise");
  const Tensor tau = ((t + 1).to(at::kFloat) / 12).unsqueeze(1), x_tau = (1 - tau) * x0 + tau * noise;
  at::NoGradGuard values_only;
  const Tensor z = s.network().forward({x_tau, t, {}, p.log_snr(t)});
  const double expected = (z - (noise - x0)).square().mean().item<double>();
  CHECK(learner(s).gradient(rows, rows.size(), 0, nobody).loss == doctest::Approx(expected).epsilon(1e-5));
}
