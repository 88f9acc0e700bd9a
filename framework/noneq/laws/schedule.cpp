// Laws of roles/schedule.hpp.
#include "noneq/plugin/roles/schedule.hpp"

#include <limits>

#include <torch/csrc/autograd/autograd.h>

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/concurrent.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/state.hpp"
#include "noneq/laws/detail/subject.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace schedule_laws {

std::shared_ptr<schedule> with_steps(const subject& s, std::int64_t T) {
  return s.again<schedule>({{"steps", std::to_string(T)}});
}

// The plugin with its own number of steps, which it must take, and with others, which it may refuse.
std::vector<std::shared_ptr<schedule>> lengths(const subject& s) {
  const auto own = s.as<schedule>();
  std::vector<std::shared_ptr<schedule>> all;
  if (!own->steps.continuous) all.push_back(own);
  for (const std::int64_t T : {250, 2, 17}) {
    try {
      const auto other = with_steps(s, T);
      other->beta();
      all.push_back(other);
    } catch (const error&) {
    }
  }
  if (all.empty()) throw error("beta() refuses every number of steps, need one that has a schedule");
  return all;
}

// A new object with few steps, or as few as the schedule takes.
std::shared_ptr<schedule> short_one(const subject& s) { return with_steps(s, lengths(s).back()->steps); }

// Returns nullptr where the schedule knows whole steps only.
std::shared_ptr<schedule> continuous(const subject& s) {
  try {
    auto c = s.again<schedule>({{"steps", "continuous"}});
    c->log_snr_at(at::full({1}, 0.5, at::kDouble));
    return c;
  } catch (const error&) {
    return nullptr;
  }
}

const Tensor& some_times() {
  static const Tensor u = at::linspace(0, 1, 101, at::kDouble);
  return u;
}

void has_beta(const subject& s) {
  for (const auto& each : lengths(s)) {
    const Tensor beta = each->beta();
    check_returned_beta(beta, each->steps);
    need_within("β", beta, std::numeric_limits<double>::denorm_min(), 1);
  }
}

void is_repeatable(const subject& s) {
  for (const auto& each : lengths(s)) {
    const Tensor beta = each->beta().detach();
    const auto also = with_steps(s, each->steps);
    for (const Tensor& b : at_once(threads_at_once, [&](std::size_t) { return also->beta().detach(); }))
      need_equal("β of an equal schedule, from several threads at once", b, beta);
  }
}

void falls(const subject& s) {
  const auto c = continuous(s);
  if (!c) return;
  const Tensor log_snr = c->log_snr_at(some_times());
  check_returned_log_snr(log_snr, some_times());
  const std::int64_t n = log_snr.size(0);
  const Tensor rise = log_snr.slice(0, 1).detach() - log_snr.slice(0, 0, n - 1).detach();
  for (std::int64_t k = 0; k + 1 < n; ++k)
    need(rise[k].item<double>() < 0, fmt::format("ln SNR between u = {} and {}", k / 100.0, (k + 1) / 100.0),
         fmt::format("a change of {}", rise[k].item<double>()), "a fall");
}

void has_values_at_each_time(const subject& s) {
  const auto c = continuous(s);
  if (!c) return;
  const Tensor all = c->log_snr_at(some_times()).detach(), backwards = some_times().flip(0);
  need_close("ln SNR at the times in another order", c->log_snr_at(backwards).flip(0), all, 1e-12, 1e-12);
  for (const std::int64_t k : {0, 37, 100})
    need_close("ln SNR at one time alone", c->log_snr_at(some_times().slice(0, k, k + 1)), all.slice(0, k, k + 1),
               1e-12, 1e-12);
}

// Puts other numbers into the leaf while f runs.
template <class F>
Tensor at_leaf(const learnable_tensor& l, const Tensor& numbers, const F& f) {
  at::NoGradGuard values_only;
  Tensor leaf = l.leaf;
  const Tensor before = leaf.detach().clone();
  leaf.copy_(numbers);
  const Tensor result = f();
  leaf.copy_(before);
  return result;
}

void is_differentiable(const subject& s) {
  const auto own = short_one(s);
  for (const learnable_tensor& l : own->learnable()) {
    need(l.leaf.requires_grad(), "learnable tensor '" + l.name + "'", "one that requires no gradient", "one that does");
    const Tensor direction = stream(7).normal(l.leaf.sizes().vec()).to(l.leaf.scalar_type());
    const Tensor weight = stream(8).uniform({own->steps}).to(at::kDouble);
    const auto total = [&] { return (own->beta() * weight).sum(); };
    const Tensor gradient = torch::autograd::grad({total()}, {l.leaf}, {}, false, false, true)[0];
    // A distance at which neither curvature nor the rounding of the leaf's type matters.
    const bool exact = l.leaf.scalar_type() == at::kDouble;
    const double h = exact ? 1e-5 : 1e-2, relative = exact ? 1e-4 : 1e-2;
    const double got = gradient.defined() ? (gradient * direction).sum().item<double>() : 0;
    const Tensor here = l.leaf.detach();
    const double wanted =
        (at_leaf(l, here + h * direction, total) - at_leaf(l, here - h * direction, total)).item<double>() / (2 * h);
    need(std::abs(got - wanted) <= relative * std::max(std::abs(got), std::abs(wanted)) + 1e-9,
         "β by the learnable tensor '" + l.name + "'", fmt::format("a gradient of {} along a direction", got),
         fmt::format("{}, the quotient of differences", wanted));
  }
}

void is_restored(const subject& s) {
  const auto trained = short_one(s), other = short_one(s);
  for (const learnable_tensor& l : trained->learnable()) {
    at::NoGradGuard values_only;
    Tensor leaf = l.leaf;
    leaf.add_(0.1 * stream(9).normal(leaf.sizes().vec()).to(leaf.scalar_type()));
  }
  restore(*other, state_of(*trained));
  need_equal("β of a schedule restored from state()", other->beta().detach(), trained->beta().detach());
}

}

law_list of_schedule() {
  using namespace schedule_laws;
  return {
      {"beta() returns float64 [T] with numbers in (0, 1], for its own T and all others that it takes.", has_beta},
      {"β is a function of the parameters alone, and may be computed by several threads at once.", is_repeatable},
      {"In continuous time ln SNR falls with u, float64 of the shape of u.", falls},
      {"ln SNR at a time does not depend on the other times.", has_values_at_each_time},
      {"β is differentiable in every tensor of learnable().", is_differentiable},
      {"A schedule that takes the state of another has its β.", is_restored},
  };
}

}
