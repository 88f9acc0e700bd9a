#include "noneq/flow/plan.hpp"

#include <algorithm>

#include "noneq/core/cpu_quota.hpp"
#include "noneq/flow/plan_checks.hpp"
#include "noneq/flow/plan_document.hpp"

namespace noneq::flow {

// Gives a trainer whose shards follow the machine their number.
static void choose_shards(const plan& p) {
  if (!p.trains()) return;
  const training_nodes t = p.training();
  shard_count& shards = t.trainer.as<trainer>().shards;
  if (shards.automatic) shards = std::min({std::int64_t{usable_cpus()}, t.loader.as<loader>().batch_size, most_shards});
}

plan make_plan(const config::value& document, registry& plugins) {
  config::problems found;
  plan p = read_document(document, plugins, found);
  check_process(p, found);
  check_graph(p, document, found);
  found.replace([&](error e) {
    for (const plan_node& n : p.nodes) e = at_parameter(n, e);
    return e;
  });
  found.raise();
  choose_shards(p);
  return p;
}

plan plan::fresh() const {
  config::problems none;
  plan p = read_document(*document, *plugins, none);
  none.raise();
  std::vector<plan_node> sorted;
  for (const plan_node& n : nodes) {
    sorted.push_back(p.node(n.id));
    sorted.back().of = n.of, sorted.back().of_run = n.of_run;
  }
  p.nodes = std::move(sorted);
  p.streams = streams;
  if (p.trains()) p.training().trainer.as<trainer>().shards = training().trainer.as<trainer>().shards;
  at::NoGradGuard values_only;
  if (p.process.schedule) p.process = p.process.refreshed();
  return p;
}

const plan_node& plan::node(const std::string& id) const {
  return *std::find_if(nodes.begin(), nodes.end(), [&](const plan_node& n) { return n.id == id; });
}

training_nodes plan::training() const {
  const auto only = [&](std::string_view role) -> const plan_node& {
    return *std::find_if(nodes.begin(), nodes.end(),
                         [&](const plan_node& n) { return n.role() == role && streams.front().has(n.id); });
  };
  const plan_node* first = &only("noiser");
  while (!first->in.empty()) first = &node(first->in.front().from);
  return {*first, only("noiser"), only("model"), only("loss"), only("trainer")};
}

std::vector<const plan_node*> plan::followers(const std::string& id) const {
  std::vector<const plan_node*> result;
  for (const plan_node& n : nodes)
    if (n.stands_in(id)) result.push_back(&n);
  return result;
}

const plan_node* plan::model_before(const plan_node& n) const {
  if (n.has_model()) return &n;
  for (const plan_edge& e : n.in)
    if (const plan_node* found = model_before(node(e.from))) return found;
  return nullptr;
}

void plan::add_before(const plan_node& n, std::vector<const plan_node*>& all) const {
  if (std::find(all.begin(), all.end(), &n) != all.end()) return;
  for (const plan_edge& e : n.in) add_before(node(e.from), all);
  all.push_back(&n);
}

std::vector<const plan_node*> plan::before(const plan_node& n) const {
  std::vector<const plan_node*> all;
  add_before(n, all);
  return all;
}

}
