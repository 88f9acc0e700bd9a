#include "noneq/flow/plan_checks.hpp"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/flow/attachment.hpp"
#include "noneq/flow/loss_curve.hpp"
#include "noneq/flow/planned_files.hpp"
#include "noneq/flow/trainer_contract.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/weighting.hpp"

namespace noneq {
namespace {

// Asks a plugin; what it throws, of whatever type, is a problem of the pipeline.
template <class F>
void ask(const instance& i, const std::string& subject, problems& found, F&& f) {
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
void ask(const plan_node& n, problems& found, F&& f) {
  ask(n.plugin, n.id, found, f);
}

// Of a plugin, and of the plugins within it.
void check_spaces(const plan& p, const instance& i, const std::string& subject, problems& found) {
  const auto kernel = p.process_parts.find("kernel");
  if (kernel == p.process_parts.end() || i.entry == nullptr) return;
  if (i.made)
    for (const parameter& of : i.entry->parameters)
      if (of.visit_parts)
        of.visit_parts(*i.made, [&](const instance& part) { check_spaces(p, part, subject + "." + of.name, found); });
  if (i.entry->spaces.empty()) return;
  const auto& have = kernel->second.entry->spaces;
  const auto& can = i.entry->spaces;
  if (std::find_first_of(can.begin(), can.end(), have.begin(), have.end()) == can.end())
    found.add(error(fmt::format("{} works in {} space, but the kernel {} is {}", i.entry->full_name(),
                                fmt::join(can, " or "), kernel->second.entry->name, fmt::join(have, " and ")),
                    subject, i.where));
}

const plan_node* find(const plan& p, const std::string& id) {
  const auto it = std::find_if(p.nodes.begin(), p.nodes.end(), [&](const plan_node& n) { return n.id == id; });
  return it == p.nodes.end() ? nullptr : &*it;
}

void check_edge(const plan& p, const plan_node& n, const std::string& target, const char* key, const place& where,
                const std::vector<std::string>& roles, problems& found) {
  const std::string subject = n.id + "." + key;
  if (target.empty()) {
    found.add(error(fmt::format("is missing; need the name of a {} node", fmt::join(roles, " or ")), subject, n.where));
    return;
  }
  const plan_node* to = find(p, target);
  if (to == nullptr) {
    std::vector<std::string> ids;
    for (const plan_node& other : p.nodes) ids.push_back(other.id);
    found.add(error(fmt::format("there is no node '{}'{}", target, did_you_mean(target, ids)), subject, where));
  } else if (to->plugin.entry && std::find(roles.begin(), roles.end(), to->role()) == roles.end()) {
    found.add(error(fmt::format("got '{}', which is a {}, need a {}", target, to->role(), fmt::join(roles, " or ")),
                    subject, where));
  }
}

void check_edges(const plan& p, const plan_node& n, problems& found) {
  if (n.plugin.entry == nullptr) return;
  const auto hangs_on = attachment_of(n.role(), n.plugin.made.get());
  if (!hangs_on) {
    found.add(
        error(fmt::format("a {} is a part of the process or of another plugin, not a node", n.role()), n.id, n.where));
    return;
  }
  const auto& in_roles = hangs_on->in_roles;
  if (!in_roles.empty())
    check_edge(p, n, n.in, "in", n.in_where, in_roles, found);
  else if (!n.in.empty())
    found.add(error(n.role() == "metric"
                        ? n.plugin.entry->full_name() + " measures a model and no samples, need of: a model"
                        : fmt::format("a {} has no input", n.role()),
                    n.id + ".in", n.in_where));
  if (hangs_on->of_model)
    check_edge(p, n, n.of, "of", n.of_where, {"model"}, found);
  else if (!n.of.empty())
    found.add(error(n.measures_samples() ? n.plugin.entry->full_name() + " measures samples, need in: a sampler instead"
                                         : fmt::format("a {} is not asked of a model", n.role()),
                    n.id + ".of", n.of_where));
  if (n.measures_samples() && n.every > 0)
    found.add(error("it measures whenever its sampler draws, need every: there", n.id + ".every", n.where));
}

// Depth-first order over `in` and `of`; a node met again while it is open closes a cycle.
struct ordering {
  plan& p;
  problems& found;
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
    for (const std::string& id : {n.in, n.of})
      if (const plan_node* before = find(p, id)) visit(*before);
    open.pop_back();
    if (done.insert(n.id).second) sorted.push_back(n);
  }
};

void check_names(const plan& p, problems& found) {
  std::map<std::string, std::set<std::string>> written;
  for (const plan_node& n : p.nodes) {
    // What follows a metric gets the metric's own arrays, not what the metric saw.
    std::set<std::string> have = written[n.in];
    if (n.role() == "writer" && p.node(n.in).role() == "loss") {  // not the batches, but the course of the loss
      have.clear();
      for (const auto& w : loss_curve_tensors()) have.insert(w.name);
    }
    if (!n.in.empty())
      for (const auto& need : n.plugin.entry->reads)
        if (!have.count(need.name))
          found.add(error(fmt::format("{} reads the tensor '{}', which nothing before it writes",
                                      n.plugin.entry->full_name(), need.name),
                          n.id, n.where));
    if (n.role() == "metric") have.clear();
    for (const auto& w : n.plugin.entry->writes) have.insert(w.name);
    written[n.id] = std::move(have);
  }
}

}

void check_process(plan& p, problems& found) {
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

// Covers a node and all plugins within plugins.
static void check_weightings(const plan& p, const instance& i, const std::string& subject, problems& found) {
  for (const parameter& of : i.entry->parameters)
    if (of.visit_parts)
      of.visit_parts(*i.made, [&](const instance& part) { check_weightings(p, part, subject + "." + of.name, found); });
  if (const auto* w = dynamic_cast<const weighting*>(i.made.get()))
    ask(i, subject, found, [&] { check_returned_weights(i.entry->full_name(), *w, p.process.tables); });
}

void check_graph(plan& p, const value& document, problems& found) {
  const value* graph = document.find("graph");
  for (const plan_node& n : p.nodes) check_edges(p, n, found);
  ordering order{p, found, {}, {}, {}};
  for (const plan_node& n : p.nodes) order.visit(n);
  const bool whole =
      std::all_of(p.nodes.begin(), p.nodes.end(), [](const plan_node& n) { return n.plugin.entry && n.plugin.made; });
  if (!graph || !whole || !found.empty()) return;
  p.nodes = std::move(order.sorted);

  for (const char* role : {"loader", "noiser", "model", "loss", "trainer"}) {
    const auto count =
        std::count_if(p.nodes.begin(), p.nodes.end(), [&](const plan_node& n) { return n.role() == role; });
    if (count != 1)
      found.add(error(fmt::format("got {} {} nodes, need exactly one", count, role), "graph", graph->where()));
  }
  if (!found.empty()) return;
  for (const plan_node* n = &p.the("trainer"); n != nullptr; n = find(p, n->in))
    p.stream.insert(p.stream.begin(), n->id);
  check_names(p, found);
  check_file_names(p, found);
  if (found.empty()) check_writer_inputs(p, found);
  const plan_node& loss_node = p.the("loss");
  if (p.learns_schedule() && !loss_node.as<loss>().trains_schedule())
    found.add(error(fmt::format("{} cannot train a learned schedule; need a loss that is a bound, or a fixed schedule",
                                loss_node.plugin.entry->full_name()),
                    loss_node.id, loss_node.where));
  ask(loss_node, found, [&] { loss_node.as<loss>().check_process(p.process); });
  const plan_node& noiser_node = p.the("noiser");
  ask(noiser_node, found, [&] {
    const auto& noise = noiser_node.as<noiser>();
    if (p.process.tables.continuous())
      noise.check_continuous();
    else
      noise.time->draw(1, p.process.steps(), stream(0));  // parameters may ask for steps that are not there
  });
  const plan_node& trainer_node = p.the("trainer");
  ask(trainer_node, found,
      [&] { check_optimizer(trainer_node.as<trainer>(), trainer_node.plugin.entry->full_name()); });
  for (const plan_node& n : p.nodes) {
    check_weightings(p, n.plugin, n.id, found);
    if (n.role() == "metric") ask(n, found, [&] { n.as<metric>().check_process(p.process); });
    if (n.role() == "sampler") ask(n, found, [&] { n.as<sampler>().kept_steps(p.process); });
    if (n.measures_samples())
      ask(n, found, [&] { n.as<sample_metric>().check_count(p.node(n.in).as<sampler>().count); });
  }
}

}
