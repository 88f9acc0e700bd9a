// A pipeline as plain data: which plugins, how they are set, who follows whom. Making a plan checks everything that can
// be known without running and without data; all problems are reported at once.
// Not thread-safe while it is made; then read only.
#pragma once

#include "noneq/flow/stop.hpp"
#include "noneq/plugin/at_work.hpp"
#include "noneq/plugin/part.hpp"
#include "noneq/plugin/process.hpp"
#include "noneq/plugin/registry.hpp"
#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/roles/loss.hpp"
#include "noneq/plugin/roles/metric.hpp"
#include "noneq/plugin/roles/noiser.hpp"
#include "noneq/plugin/roles/sampler.hpp"
#include "noneq/plugin/roles/trainer.hpp"
#include "noneq/plugin/roles/writer.hpp"

namespace noneq {

struct plan_node {
  std::string id;  // its key in the file
  instance plugin;
  place where;
  std::string in, of;  // the nodes it hangs on; "" when it has none
  place in_where, of_where;
  std::int64_t every = 0;  // samplers and metrics: also after every this many steps; 0: at the end only

  const std::string& role() const { return plugin.entry->role; }
  // Whether it is a metric of samples, which stands in a sampler; other metrics are of a model.
  bool measures_samples() const { return dynamic_cast<const sample_metric*>(plugin.made.get()) != nullptr; }
  template <class Role>
  Role& as() const {
    return static_cast<Role&>(*plugin.made);
  }
};

struct plan {
  std::string name;
  std::int64_t seed = 0;
  noneq::process process;
  std::map<std::string, instance> process_parts;  // by role
  std::vector<plan_node> nodes;                   // in running order
  std::vector<std::string> stream;                // ids of the training chain: loader … trainer

  const plan_node& node(const std::string& id) const;
  // The only node of the training chain with this role.
  const plan_node& the(std::string_view role) const;
  std::vector<const plan_node*> followers(const std::string& id) const;  // nodes that stand `in` it
  bool learns_schedule() const { return !process.schedule->learnable().empty(); }

  // The whole pipeline with every default written out; reads back to the same plan.
  value resolved() const;
};

// Throws input_error with every problem of the document.
plan make_plan(const value& document, registry& plugins);

// An error that happened while a node worked, with the node's name and the line it stands at.
error at_node(const plan_node& n, const std::exception& e);
error at_node(const plan_node& n, const std::exception_ptr& e);

// Throws that error; a stop that was asked for is nobody's error. What is bad input already stays so, and
// refuse_at() makes bad input of everything.
[[noreturn]] void fail_at(const plan_node& n, const std::exception_ptr& e);
[[noreturn]] void refuse_at(const plan_node& n, const std::exception_ptr& e);

// f(), whose exceptions, of whatever type, are told at node n.
template <class F>
auto working(const plan_node& n, F&& f) {
  const at_work here(*n.plugin.entry, n.id);
  try {
    return f();
  } catch (...) {
    fail_at(n, std::current_exception());
  }
}

// Calls f() before anything is trained: its exceptions become bad input at node n, which the user can mend.
template <class F>
auto refusing(const plan_node& n, F&& f) {
  const at_work here(*n.plugin.entry, n.id);
  try {
    return f();
  } catch (...) {
    refuse_at(n, std::current_exception());
  }
}

}
