#include "noneq/flow/begun_run.hpp"

#include <fmt/format.h>

#include "noneq/core/memory.hpp"
#include "noneq/flow/from_run.hpp"
#include "noneq/flow/join_checks.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq {
namespace {

void make_learner(begun_run& r, const plan& p) {
  const plan_node& node = p.training().trainer;
  const auto& t = node.as<trainer>();
  const std::int64_t weights = r.opened->weights().count();
  refusing(node, [&] {
    // The weights, their averages, the gradients of every shard, and two moments as the Adam family has them.
    const auto vectors = static_cast<double>(3 + t.shards) + static_cast<double>(t.ema.size());
    need_memory(vectors * sizeof(float) * static_cast<double>(weights), fmt::format("to train {} weights", weights));
    r.trains.emplace(*r.opened);
  });
}

void begin_anew(begun_run& r, const plan& p) {
  r.opened.emplace(p);
  if (p.trains()) make_learner(r, p);
}

// Damage of a checkpoint that shows only when it is used is bad input too.
template <class Use>
void using_checkpoint(const std::filesystem::path& saved, const Use& use) {
  try {
    use();
  } catch (const input_error&) {
    throw;
  } catch (const error& e) {
    throw input_error({e.at({saved.string(), 0, 0}, "")});
  } catch (const std::exception& e) {
    throw input_error({error(first_line(e.what()), "", {saved.string(), 0, 0})});
  }
}

void go_on(begun_run& r, const plan& p, const checkpoint& start, const std::filesystem::path& saved) {
  using_checkpoint(saved, [&] {
    r.opened.emplace(p, start);
    r.trains.emplace(*r.opened, start);
    r.average = loss_average(start.meta.value("loss_since_record", r.average.saved()));
    r.event_due = start.meta.value("event_due", false);
    r.range = loss_range(start.meta.value("loss_range", r.range.saved()));
    r.saved_in_range = start.meta.value("loss_in_range", false);
    r.from = start.meta.value("from", nlohmann::json());
  });
}

void begin_from(begun_run& r, const plan& p, const run_options& options) {
  std::error_code none;
  if (std::filesystem::equivalent(options.from, options.folder, none))
    throw input_error({error("got --from the folder of the run itself, need --out another folder", "",
                             {options.folder.string(), 0, 0})});
  const beginning b = begin_from_run(options.from, p);
  using_checkpoint(options.from, [&] { r.opened.emplace(p, b.start); });
  make_learner(r, p);
  r.from = {{"run", std::filesystem::absolute(options.from).string()}, {"step", b.steps}};
}

// A run goes on with the data that it began with, under any file name.
void need_same_data(const session& s, const checkpoint& start) {
  const std::string was = start.meta.value("data", ""), is = s.info().identity;
  if (was.empty() || is.empty() || was == is) return;
  const plan_node& loader = s.plan().training().loader;
  throw input_error(
      {error(fmt::format("got data with contents {}, need {}, as the run began with; begin another run, or use --from",
                         is, was),
             loader.id, loader.where)});
}

}

void begin(begun_run& r, const plan& p, const run_options& options) {
  const run_folder folder(options.folder);
  problems found;
  check_joins(p, found);
  found.raise();
  const auto start = folder.start(p, options.policy);
  if (!options.from.empty() && !p.trains())
    throw input_error({error("got --from for a pipeline without a trainer, need none: it has no weights of its own", "",
                             {options.from.string(), 0, 0})});
  if (start)
    go_on(r, p, *start, folder.saved());
  else if (!options.from.empty())
    begin_from(r, p, options);
  else
    begin_anew(r, p);
  if (!p.trains()) return;
  session& s = *r.opened;
  if (s.step() < p.training().trainer.as<trainer>().steps)
    s.data();
  else
    s.data_if_there();
  if (start) need_same_data(s, *start);
}

}
