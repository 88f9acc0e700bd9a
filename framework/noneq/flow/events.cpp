#include "noneq/flow/events.hpp"

#include <fmt/format.h>

#include "noneq/flow/joined_source.hpp"
#include "noneq/flow/loss_curve.hpp"

namespace noneq::flow {

bool events::due(const stream_nodes& s) const { return !s.trains && s.every > 0 && session_.step() % s.every == 0; }

bool events::due() const {
  const auto& all = session_.plan().streams;
  return std::any_of(all.begin(), all.end(), [&](const stream_nodes& s) { return due(s); });
}

void events::after_step() {
  earlier_.clear();
  const event now{session_.step(), fmt::format("step {}", session_.step())};
  for (const stream_nodes& s : session_.plan().streams)
    if (due(s)) run(s, now);
}

void events::at_end() {
  earlier_.clear();
  const event now{session_.step(), ""};
  std::optional<lost_results> lost;
  for (const stream_nodes& s : session_.plan().streams) {
    if (s.trains) continue;
    try {
      run(s, now);
    } catch (const lost_results& here) {  // the other streams have results of their own
      if (!lost) lost = here;
    }
  }
  show_losses(now);
  if (lost) throw *lost;
}

void events::run(const stream_nodes& s, const event& e) {
  const at::NoGradGuard values_only;
  const event_surroundings around{session_, pool_, folder_, observer_, e, earlier_, rules_};
  try {
    event_stream(around, s).run();
  } catch (const lost_results& lost) {
    if (e.occasion.empty()) throw;
    observer_.remark(lost.what());  // training goes on, and may mend the model
  }
}

void events::tee(const plan_node& sink, std::int64_t step, const batch& b) {
  const at::NoGradGuard values_only;
  const event now{step, fmt::format("step {}", step)};
  give_once({session_, pool_, folder_, observer_, now, earlier_, rules_}, sink, b, {});
}

void events::show_losses(const event& e) {
  const plan& p = session_.plan();
  if (!p.trains()) return;
  const at::NoGradGuard values_only;
  const training_nodes t = p.training();
  const event_surroundings around{session_, pool_, folder_, observer_, e, earlier_, rules_};
  for (const plan_node* f : p.followers(t.trainer.id))
    give_once(around, *f, renamed(loss_curve(folder_ / "metrics.jsonl", t.loss.id), f->in.front().as),
              {{"unit", t.loss.as<loss>().unit()}});
}

}
