// A pipeline as a specification: which plugins, how they are set, which node follows which. Making a plan checks
// everything that can be known without running and without data; all problems are reported at once. A run works on
// plugins of its own, which fresh() makes.
// Made by one thread, then read only.
#pragma once

#include "noneq/flow/stop.hpp"
#include "noneq/flow/streams.hpp"
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

// An input of a node: the node it comes from, and new names for its tensors.
struct plan_edge {
  std::string from;
  place where;
  std::map<std::string, std::string> as = {};
};

struct plan_node {
  std::string id;  // its key in the file
  instance plugin;
  place where;
  std::vector<plan_edge> in;     // joined in this order; none: a source, or a node that makes its own
  std::string of;                // the model it takes as a constant input: a node; "" when it has none …
  std::filesystem::path of_run;  // … or the folder of a finished run
  place of_where;
  std::int64_t every = 0;  // also after every this many steps; 0: at the end only

  const std::string& role() const { return plugin.entry->role; }
  node_kind kind() const { return plugin.entry->kind; }
  bool reads(std::string_view tensor) const;
  // Whether it measures samples, and so stands in a sampler; other metrics measure a model.
  bool measures_samples() const { return role() == "metric" && reads("samples"); }
  // Whether it takes a model as a constant input.
  bool takes_model() const { return role() == "sampler" || (role() == "metric" && !measures_samples()); }
  // Whether the model is that of this pipeline.
  bool has_model() const { return !of.empty() || !of_run.empty(); }
  bool stands_in(const std::string& id) const;
  template <class Role>
  Role& as() const {
    return static_cast<Role&>(*plugin.made);
  }
};

// The nodes that every training needs, one of each.
struct training_nodes {
  const plan_node &loader, &noiser, &model, &loss, &trainer;  // the first loader: that of the rows' numbers and classes
};

struct plan {
  std::string name;
  std::int64_t seed = 0;
  noneq::process process;                         // without a kernel where nothing is trained
  std::map<std::string, instance> process_parts;  // by role
  std::vector<plan_node> nodes;                   // in running order
  std::vector<stream_nodes> streams;              // the training stream first, if there is one

  const plan_node& node(const std::string& id) const;
  bool trains() const { return !streams.empty() && streams.front().trains; }
  // Requires trains().
  training_nodes training() const;
  std::vector<const plan_node*> followers(const std::string& id) const;  // nodes that stand `in` it
  // The node nearest to n, itself or before it, that takes a model; nullptr when there is none.
  const plan_node* model_before(const plan_node& n) const;
  bool learns_schedule() const { return process.schedule && !process.schedule->learnable().empty(); }

  // The whole pipeline with every default written out; reads back to the same plan.
  value resolved() const;
  // The same plan with plugins of its own, so that two runs share nothing that changes.
  plan fresh() const;

  std::shared_ptr<const value> document;  // that it was made from
  registry* plugins = nullptr;            // outlives the plan
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
