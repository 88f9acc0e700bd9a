// Laws of roles/loss.hpp.
#include "noneq/plugin/roles/loss.hpp"

#include <limits>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace loss_laws {

setting_choice choice() {
  return {.schedules = {"{plugin: log_snr, steps: 12}", "{plugin: log_snr, steps: continuous}"},
          .variances = {"fixed_small", "learned_range"},
          .means = {"epsilon", "x0", "v", "category"}};
}

// The processes that the loss accepts. Throws noneq::error where it accepts none.
std::vector<setting> accepted(const subject& s, const setting_choice& from = choice()) {
  std::vector<setting> all;
  std::string refusal;
  for (const setting& each : settings(s, from)) {
    try {
      s.as<loss>()->check_process(each.process);
      all.push_back(each);
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("check_process() refuses every process: " + refusal);
  return all;
}

// A batch at every step whose output misses the target by `by` times a fixed random number, and is 0 for the variance.
// Logits of states that are certain are so large that no sum moves them: there it is a random number, unless by = 0.
batch batch_of(const process& p, double by) {
  const noised n = noised_states(p, 2, at::kFloat);
  sizes raw_shape = n.x0.sizes().vec();
  raw_shape[1] *= p.outputs() - p.mean->outputs();
  const Tensor raw = at::zeros(raw_shape);
  const reverse_point here{n.xt, n.c, *p.kernel, p.log_variance(raw_shape[1] > 0 ? raw : Tensor{}, n.c)};
  const Tensor z = p.mean->target(n.x0, n.noise, here).to(at::kFloat);
  const Tensor random = stream(6).normal(z.sizes().vec());
  const Tensor missed = p.kernel->has_variance() ? z + by * random : by == 0 ? z : (1 + by) * random;
  const Tensor output = raw_shape[1] > 0 ? at::cat({missed, raw}, 1) : missed;
  batch b{0, 0, {{"x0", n.x0}, {"noise", n.noise}, {"xt", n.xt}, {"t", n.index}}};
  b.set("output", output.detach().requires_grad_(true));
  return b;
}

void returns_numbers(const subject& s) {
  const auto l = s.as<loss>();
  in_each(accepted(s), [&](const process& p) {
    const batch b = batch_of(p, 0.5);
    const Tensor losses = l->run(b, p);
    check_returned_losses(s.name(), losses, b.size());
    constexpr double any = std::numeric_limits<double>::infinity();
    need_within("loss", losses, -any, any);
  });
  need(l->unit() != nullptr, "unit()", "a null pointer", "a text, \"\" where there is no unit");
}

void works_by_sample(const subject& s) {
  const auto l = s.as<loss>();
  in_each(accepted(s), [&](const process& p) {
    const batch b = batch_of(p, 0.5);
    const Tensor all = l->run(b, p);
    for (const Tensor& again : at_once(threads_at_once, [&](std::size_t) { return l->run(b, p).detach(); }))
      need_equal("loss, from several threads at once", again, all.detach());
    for (std::int64_t k = 0; k < b.size(); k += 5)
      need_close("loss of a sample alone", l->run(b.rows(k, k + 1), p), all.slice(0, k, k + 1), 1e-4, 1e-4);
  });
}

// A loss may hold parts of the output fixed, but what it changes with must learn from it.
void reaches_output(const subject& s) {
  const auto l = s.as<loss>();
  in_each(accepted(s), [&](const process& p) {
    const batch b = batch_of(p, 0.5), other = batch_of(p, 0.7);
    const Tensor first = l->run(b, p);
    const Tensor changes = (l->run(other, p) - first).detach().abs() > 1e-3 * first.detach().abs();
    first.sum().backward();
    const Tensor gradient = b.at("output").grad();
    const Tensor reached = gradient.defined() ? gradient.flatten(1).abs().amax(1) > 0 : at::zeros_like(changes);
    need_equal("whether the gradient reaches the output of a sample whose loss changes with it",
               reached.logical_and(changes), changes);
    need(changes.any().item<bool>(), "the loss of other outputs", "no change", "one");
  });
}

void is_least_at_target(const subject& s) {
  const auto l = s.as<loss>();
  in_each(accepted(s), [&](const process& p) {
    const Tensor best = l->run(batch_of(p, 0), p).to(at::kDouble);
    for (const double by : {0.1, -0.1, 1.0}) {
      const Tensor excess = l->run(batch_of(p, by), p).to(at::kDouble) - best;
      need_within("the loss of an output that misses the target, less that of the target",
                  excess + 1e-4 * (1 + best.abs()), 0, std::numeric_limits<double>::infinity());
    }
  });
}

void leaves_out_missing(const subject& s) {
  const auto l = s.as<loss>();
  if (!l->takes_missing()) return;
  in_each(accepted(s), [&](const process& p) {
    const batch b = batch_of(p, 0.5);
    const Tensor mask = stream(12).uniform(b.at("x0").sizes().vec()).lt(0.6).to(at::kFloat);
    batch masked = b, other = b;
    masked.set("mask", mask);
    other.set("mask", mask);
    // An output may have several numbers for each of x.
    sizes times(static_cast<std::size_t>(mask.dim()), 1);
    times[1] = b.at("output").size(1) / mask.size(1);
    other.set("output", b.at("output") + 3 * (1 - mask.repeat(times)));
    need_close("loss where outputs differ only for numbers that were not observed", l->run(other, p), l->run(masked, p),
               1e-5, 1e-6);
  });
}

void trains_schedules(const subject& s) {
  const auto l = s.as<loss>();
  if (!l->trains_schedule()) return;
  setting_choice learned = choice();
  learned.schedules = {"{plugin: learned_snr, steps: 12, units: 8, shape: loss}"};
  in_each(accepted(s, learned), [&](const process& fixed) {
    const process p = fixed.refreshed();  // its tables carry gradients
    batch b = batch_of(fixed, 0.5);
    b.set("xt", p.kernel->jump(b.at("x0"), coefficients_at(p.tables, b.at("t"), b.at("x0")), b.at("noise")));
    for (const learnable_tensor& t : p.schedule->learnable()) Tensor(t.leaf).mutable_grad() = Tensor();
    l->run(b, p).mean().backward();
    Tensor reached = at::zeros({}, at::kBool);
    for (const learnable_tensor& t : p.schedule->learnable())
      if (t.leaf.grad().defined()) reached = reached.logical_or((t.leaf.grad() != 0).any());
    need(reached.item<bool>(), "the gradient of the loss by a learned schedule", "none", "one that is not 0");
  });
}

}

law_list of_loss() {
  using namespace loss_laws;
  return {
      {"run() returns a finite number for each sample, with a gradient.", returns_numbers},
      {"A sample's loss depends on its own row alone, whatever thread computes it.", works_by_sample},
      {"The gradient reaches every output with which a loss changes.", reaches_output},
      {"No output has a smaller loss than the target of the prediction.", is_least_at_target},
      {"A loss that takes_missing() does not change with numbers that were not observed.", leaves_out_missing},
      {"A loss that trains_schedule() has a gradient by it.", trains_schedules},
  };
}

}
