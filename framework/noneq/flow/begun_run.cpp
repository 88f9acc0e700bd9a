#include "noneq/flow/begun_run.hpp"

#include <fmt/format.h>

#include "noneq/core/memory.hpp"
#include "noneq/flow/from_run.hpp"
#include "noneq/flow/how_computed.hpp"
#include "noneq/flow/join_checks.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq::flow {
namespace {

void make_learner(begun_run& r, const plan& p, const ranks& together) {
  const plan_node& node = p.training().trainer;
  const auto& t = node.as<trainer>();
  const std::int64_t weights = r.opened->weights().count();
  refusing(node, [&] {
    // The weights, their averages, the gradients of this process's shards, those that it sends and receives, and two
    // moments as the Adam family has them.
    const std::int64_t gradients = t.shards / together.size() + (together.many() ? 2 : 0);
    const auto vectors = static_cast<double>(3 + gradients) + static_cast<double>(t.ema.size() + t.averages.size());
    need_memory(vectors * sizeof(float) * static_cast<double>(weights), fmt::format("to train {} weights", weights));
    r.trains.emplace(*r.opened, together);
  });
}

void begin_anew(begun_run& r, const plan& p, const ranks& together) {
  r.opened.emplace(p);
  if (p.trains()) make_learner(r, p, together);
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

void go_on(begun_run& r, const plan& p, const storage::checkpoint& start, const std::filesystem::path& saved,
           const ranks& together) {
  using_checkpoint(saved, [&] {
    r.opened.emplace(p, start);
    r.trains.emplace(*r.opened, start, together);
    r.average = loss_average(start.meta.value("loss_since_record", r.average.saved()));
    r.last_record = start.meta.value("last_record", std::int64_t{0});
    r.event_due = start.meta.value("event_due", false);
    r.range = loss_range(start.meta.value("loss_range", r.range.saved()));
    r.saved_in_range = start.meta.value("loss_in_range", false);
    r.from = start.meta.value("from", nlohmann::json());
    r.joined_data = start.meta.value("joined_data", r.joined_data);
    r.computed = start.meta.value("computed", r.computed);
  });
}

void begin_from(begun_run& r, const plan& p, const run_options& options) {
  std::error_code none;
  if (std::filesystem::equivalent(options.from, options.folder, none))
    throw input_error({error("got --from the folder of the run itself, need --out another folder", "",
                             {options.folder.string(), 0, 0})});
  const beginning b = begin_from_run(options.from, p);
  using_checkpoint(options.from, [&] { r.opened.emplace(p, b.start); });
  make_learner(r, p, ranks_of(options));
  r.from = {{"run", std::filesystem::absolute(options.from).string()}, {"step", b.steps}};
}

// Returns the identities of the data of the other loaders that were opened, by node.
std::map<std::string, std::string> joined_data(const session& s) {
  const plan& p = s.plan();
  std::map<std::string, std::string> all;
  for (const std::string& id : p.streams.front().nodes) {
    const plan_node& n = p.node(id);
    if (n.kind() != node_kind::source || id == p.training().loader.id || !s.nodes().has(n)) continue;
    if (const std::string& contents = s.nodes().info_behind(n).identity; !contents.empty()) all[id] = contents;
  }
  return all;
}

// Removes the parts with which both identities end: behind the contents of the files, each parameter and transform on
// which the rows depend.
void remove_equal_ends(std::string& a, std::string& b) {
  for (;;) {
    const auto i = a.rfind(", "), j = b.rfind(", ");
    if (i == a.npos || j == b.npos || a.substr(i) != b.substr(j)) return;
    a.resize(i), b.resize(j);
  }
}

// A run goes on with the data that it began with, under any file names.
void need_same_data(const begun_run& r, const storage::checkpoint& start) {
  const session& s = *r.opened;
  config::problems found;
  const auto need_same = [&](const plan_node& loader, std::string is, std::string was) {
    if (was.empty() || is.empty() || was == is) return;
    remove_equal_ends(is, was);
    found.add(
        error(fmt::format("got data with contents {}, need {}, as the run began with; begin another run, or use --from",
                          is, was),
              loader.id, loader.where));
  };
  need_same(s.plan().training().loader, s.info().identity, start.meta.value("data", ""));
  for (const auto& [id, is] : joined_data(s))
    if (const auto was = r.joined_data.find(id); was != r.joined_data.end())
      need_same(s.plan().node(id), is, was->second);
  found.raise();
}

}

void begin(begun_run& r, const plan& p, const run_options& options) {
  const run_folder folder(options.folder);
  config::problems found;
  check_joins(p, found);
  found.raise();
  const auto start = folder.start(p, options.policy);
  if (!options.from.empty() && !p.trains())
    throw input_error({error("got --from for a pipeline without a trainer, need none: it has no weights of its own", "",
                             {options.from.string(), 0, 0})});
  if (start)
    go_on(r, p, start->saved, folder.saved(), ranks_of(options));
  else if (!options.from.empty())
    begin_from(r, p, options);
  else
    begin_anew(r, p, ranks_of(options));
  if (!p.trains()) return;
  r.none_to_resume = options.policy == if_there::resume && !start;
  session& s = *r.opened;
  if (s.step() < p.training().trainer.as<trainer>().steps)
    s.data();
  else
    s.data_if_there();
  if (start) need_same_data(r, start->saved);
  if (start) r.damage = start->damage;
  r.joined_data.merge(joined_data(s));
  const std::string how = how_computed(s);
  if (!how.empty() && std::ranges::find(r.computed, how) == r.computed.end()) r.computed.push_back(how);
}

}
