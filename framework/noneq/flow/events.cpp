#include "noneq/flow/events.hpp"

#include <fmt/format.h>

#include "noneq/flow/joined_source.hpp"
#include "noneq/flow/loss_curve.hpp"
#include "noneq/flow/stop.hpp"

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
    if (due(s))
      if (const auto lost = run(s, now)) observer_.remark(lost->what());  // training goes on, and may mend the model
}

void events::at_end() {
  earlier_.clear();
  const event now{session_.step(), ""};
  std::optional<lost_results> lost;
  for (const stream_nodes& s : session_.plan().streams)
    if (!s.trains)  // the other streams have results of their own
      if (const auto here = run(s, now); here && !lost) lost = here;
  on_first([&] {
    show_losses(now);
    if (lost) throw *lost;
  });
}

void events::on_first(const std::function<void()>& f) const {
  together(together_, [&] {
    if (together_.first()) f();
  });
}

static bool calls_model(const plan& p, const stream_nodes& s) {
  return std::any_of(s.nodes.begin(), s.nodes.end(), [&](const std::string& id) {
    const plan_node& n = p.node(id);
    return n.role() == "sampler" || n.applies_model() || (n.role() == "metric" && p.model_before(n) != nullptr);
  });
}

std::optional<lost_results> events::run(const stream_nodes& s, const event& e) {
  const at::NoGradGuard values_only;
  const bool divided = together_.many() && calls_model(session_.plan(), s);
  for_equal_ranks shown(observer_, together_.size());
  const event_surroundings around{session_, pool_,    folder_, divided ? shown : observer_,
                                  e,        earlier_, rules_,  divided ? together_ : alone()};
  std::optional<event_stream> stream;
  together(together_, [&] {
    stop_here_if_asked();
    if (!together_.first()) return;
    stream.emplace(around, s);
    if (!divided) stream->run();
  });
  if (divided) {
    together(together_, [&] {  // sinks find what those of the first have left in the folder
      if (!together_.first()) stream.emplace(around, s);
    });
    stream->run();
  }
  std::optional<lost_results> lost;
  on_first([&] {
    try {
      stream->finish();
    } catch (const lost_results& found) {
      lost = found;
    }
  });
  return lost;
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
