#include "noneq/flow/plan_checks.hpp"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/keys.hpp"
#include "noneq/core/any_exception.hpp"
#include "noneq/flow/data_units.hpp"
#include "noneq/flow/each_part.hpp"
#include "noneq/flow/edge_checks.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/units.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model_transform.hpp"
#include "noneq/plugin/roles/weighting.hpp"
#include "noneq/plugin/trainer_contract.hpp"

namespace noneq::flow {
namespace {

// Calls f on a plugin; any exception is a problem of the pipeline.
template <class F>
void ask(const instance& i, const std::string& subject, config::problems& found, F&& f) {
  const at_work here(*i.entry, subject);
  found.guard(
      [&] {
        try {
          said_of(subject, f);
        } catch (const error&) {
          throw;
        } catch (...) {
          throw error(fmt::format("{}: {}", i.entry->full_name(), text_of(std::current_exception())));
        }
      },
      i.where, subject);
}
template <class F>
void ask(const plan_node& n, config::problems& found, F&& f) {
  ask(n.plugin, n.id, found, f);
}

// Covers the plugins within it, too.
void check_spaces(const plan& p, const instance& whole, const std::string& subject, config::problems& found) {
  const auto kernel = p.process_parts.find("kernel");
  if (kernel == p.process_parts.end()) return;
  each_part(whole, subject, [&](const instance& i, const std::string& at) {
    const auto &have = kernel->second.entry->spaces, &can = i.entry->spaces;
    if (!can.empty() && std::find_first_of(can.begin(), can.end(), have.begin(), have.end()) == can.end())
      found.add(error(fmt::format("{} works in {} space, but the kernel {} is {}", i.entry->full_name(),
                                  fmt::join(can, " or "), kernel->second.entry->name, fmt::join(have, " and ")),
                      at, i.where));
  });
}

// Depth-first order over `in` and `of`; a node met again while it is open closes a cycle.
struct ordering {
  plan& p;
  config::problems& found;
  std::set<std::string> done;
  std::vector<std::string> open;
  std::vector<plan_node> sorted;

  void visit(const plan_node& n) {
    if (done.count(n.id)) return;
    if (const auto again = std::find(open.begin(), open.end(), n.id); again != open.end()) {
      found.add(error(fmt::format("the graph has a cycle: {} -> {}", fmt::join(again, open.end(), " -> "), n.id), n.id,
                      n.where));
      return;
    }
    open.push_back(n.id);
    std::vector<std::string> before;
    for (const plan_edge& e : n.in) before.push_back(e.from);
    before.push_back(n.of);
    for (const std::string& id : before)
      if (const plan_node* other = find(p, id)) visit(*other);
    open.pop_back();
    if (done.insert(n.id).second) sorted.push_back(n);
  }
};

}

void check_process(plan& p, config::problems& found) {
  for (const auto& [role, i] : p.process_parts) check_spaces(p, i, "process." + role, found);
  for (const plan_node& n : p.nodes) check_spaces(p, n.plugin, n.id, found);
  const auto schedule = p.process_parts.find("schedule");
  if (schedule == p.process_parts.end()) return;
  ask(schedule->second, "process.schedule", found, [&] {
    at::NoGradGuard values_only;
    p.process = p.process.refreshed();
  });
  if (const auto mean = p.process_parts.find("mean"); mean != p.process_parts.end() && p.process.tables.beta.defined())
    ask(mean->second, "process.mean", found, [&] { p.process.mean->check_tables(p.process.tables); });
}

// Covers the plugins within it, too.
static void check_weightings(const plan& p, const instance& whole, const std::string& subject,
                             config::problems& found) {
  each_part(whole, subject, [&](const instance& i, const std::string& at) {
    if (const auto* w = dynamic_cast<const weighting*>(i.made.get()))
      ask(i, at, found, [&] { check_returned_weights(i.entry->full_name(), *w, p.process.tables); });
  });
}

// Returns whether a node must wait for the step before: it, or a part that it calls, has a state that training changes.
static bool reads_state(const plan& p, const plan_node& n) {
  if (n.role() == "transform") return false;  // its state is fixed before the first step
  bool any = n.role() == "model" || has_state(n.plugin);
  if (n.role() == "noiser") any = any || n.as<noiser>().time->adaptive();
  if (n.role() == "noiser" || n.role() == "loss")
    for (const auto& [role, part] : p.process_parts) any = any || has_state(part);
  return any;
}

static std::vector<drawn_node> drawn(const plan& p) {
  std::vector<drawn_node> all;
  for (const plan_node& n : p.nodes)
    all.push_back(
        {n.id, n.kind(), names_of_inputs(n), n.takes_model(), n.role() == "trainer", reads_state(p, n), n.every});
  return all;
}

void check_with_model(const plan& model, const plan_node& n, config::problems& found) {
  check_spaces(model, n.plugin, n.id, found);
  if (n.role() == "metric") ask(n, found, [&] { n.as<metric>().check_process(model.process); });
  if (n.role() == "sampler") ask(n, found, [&] { n.as<sampler>().kept_steps(model.process); });
  if (n.applies_model()) ask(n, found, [&] { n.as<model_transform>().check_process(model.process); });
}

// Training needs one node of each of these roles.
static void check_roles(const plan& p, const place& graph, config::problems& found) {
  std::map<std::string, std::int64_t> count;
  for (const plan_node& n : p.nodes) ++count[n.role()];
  const bool trains = count["trainer"] > 0 || count["loss"] > 0 || count["model"] > 0;
  if (!trains) {
    if (std::none_of(p.nodes.begin(), p.nodes.end(), [](const plan_node& n) { return n.kind() == node_kind::sink; }))
      found.add(error("got no sink, need a trainer, a metric or a writer", "graph", graph));
    return;
  }
  if (count["loader"] == 0) found.add(error("got 0 loader nodes, need one", "graph", graph));
  for (const char* role : {"noiser", "model", "loss", "trainer"})
    if (count[role] != 1)
      found.add(error(fmt::format("got {} {} nodes, need exactly one", count[role], role), "graph", graph));
}

// An average of another length is reconstructed from at least two different ones.
static void check_averages(const trainer& t) {
  const std::set<double> different(t.averages.begin(), t.averages.end());
  if (!t.averages.empty() && (different.size() < 2 || different.size() < t.averages.size()))
    throw error(
        fmt::format("got [{}], need two different widths, e.g. [0.05, 0.1], or none", fmt::join(t.averages, ", ")),
        "averages");
}

static void check_training(plan& p, config::problems& found) {
  const training_nodes t = p.training();
  const stream_nodes& training = p.streams.front();
  for (const std::string& id : training.gated) {
    const plan_node& n = p.node(id);
    std::int64_t gated = 0;
    for (const plan_edge& e : n.in) {
      gated += training.is_gated(e.from);
      if (training.is_gated(e.from) && !e.as.empty())
        found.add(error(
            fmt::format("renames tensors of '{}', need their own names between nodes that the trainer runs", e.from),
            n.id + ".as", e.where));
    }
    if (gated > 1)
      found.add(error("joins nodes that the trainer runs, need one of them", n.id + ".in", n.in.front().where));
  }
  if (p.learns_schedule() && !t.loss.as<loss>().trains_schedule())
    found.add(error(fmt::format("{} cannot train a learned schedule; need a loss that is a bound, or a fixed schedule",
                                t.loss.plugin.entry->full_name()),
                    t.loss.id, t.loss.where));
  ask(t.loss, found, [&] { t.loss.as<loss>().check_process(p.process); });
  ask(t.noiser, found, [&] { t.noiser.as<noiser>().check_process(p.process); });
  ask(t.trainer, found, [&] { check_averages(t.trainer.as<trainer>()); });
  ask(t.trainer, found, [&] { check_optimizer(t.trainer.as<trainer>(), t.trainer.plugin.entry->full_name()); });
}

static void check_process_needed(const plan& p, const config::value& document, config::problems& found) {
  const auto needs = [](const plan_node& n) {
    return n.role() == "noiser" || n.role() == "model" || n.role() == "loss" || n.role() == "trainer";
  };
  const auto node = std::find_if(p.nodes.begin(), p.nodes.end(), needs);
  if (document.find("process") == nullptr && node != p.nodes.end() &&
      !config::is_mistyped(document, "process", {"process"}))
    found.add(error("the key 'process' is missing", "", document.where()));
}

void check_graph(plan& p, const config::value& document, config::problems& found) {
  const config::value* graph = document.find("graph");
  for (plan_node& n : p.nodes) check_edges(p, n, found);
  ordering order{p, found, {}, {}, {}};
  for (const plan_node& n : p.nodes) order.visit(n);
  const bool whole =
      std::all_of(p.nodes.begin(), p.nodes.end(), [](const plan_node& n) { return n.plugin.entry && n.plugin.made; });
  if (whole) check_process_needed(p, document, found);
  if (!graph || !whole || !found.empty()) return;
  p.nodes = std::move(order.sorted);
  check_roles(p, graph->where(), found);
  if (!found.empty()) return;
  p.streams = cut_into_streams(drawn(p));
  check_names(p, found);
  if (!found.empty()) return;
  check_streams(p, found);
  check_file_names(p, found);
  check_units(p, found);
  if (found.empty()) check_writer_inputs(p, found);
  if (p.trains()) check_training(p, found);
  for (const plan_node& n : p.nodes) {
    check_weightings(p, n.plugin, n.id, found);
    if (!n.of.empty()) check_with_model(p, n, found);  // that of another run has a process of its own
  }
  for (const plan_node& n : p.nodes)
    if (n.measures_samples())
      if (const plan_node& from = p.node(n.in.front().from); from.role() == "sampler" && from.in.empty())
        ask(n, found, [&] { n.as<sample_metric>().check_count(from.as<sampler>().count); });
  for (const plan_node& n : p.nodes)
    if (const plan_node* from = sampler_under(p, n, "samples"); from != nullptr) {
      if (n.verifies()) ask(n, found, [&] { n.as<verification>().check_members(members_of(*from)); });
      if (n.transforms_samples())
        ask(n, found, [&] { n.as<sample_transform>().check_members(from->as<sampler>().members); });
    }
}

}
