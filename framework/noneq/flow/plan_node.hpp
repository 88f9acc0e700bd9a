// A node of a pipeline as the file states it, and the errors that happen while it works.
#pragma once

#include "noneq/flow/stop.hpp"
#include "noneq/plugin/at_work.hpp"
#include "noneq/plugin/part.hpp"
#include "noneq/plugin/registry.hpp"

namespace noneq::flow {

// An input of a node: the node it comes from, and new names for its tensors.
struct plan_edge {
  std::string from;
  place where;
  std::map<std::string, std::string> as = {};
};

struct plan_node {
  std::string id;         // its key in the file
  config::value written;  // under that key
  instance plugin;
  std::vector<instance> for_field;  // of a transform: its plugin for its second field, and so on
  place where;
  std::vector<plan_edge> in;     // joined in this order; none: a source, or a node that makes its own
  std::string of;                // the model it takes as a constant input: a node; "" when it has none …
  std::filesystem::path of_run;  // … or the folder of a finished run
  place of_where;
  std::int64_t every = 0;  // also after every this many steps; 0: at the end only

  const std::string& role() const { return plugin.entry->role; }
  node_kind kind() const { return plugin.entry->kind; }
  bool reads(std::string_view tensor) const;
  // Returns whether it measures samples, and so stands in a sampler; other metrics measure a model.
  bool measures_samples() const { return role() == "metric" && reads("samples"); }
  // Returns whether it compares samples with the truth of their rows, and so needs no sampler.
  bool verifies() const;
  // Return whether it is a transform of data, on a branch, one of samples, behind a sampler, or one that applies a
  // trained model to rows.
  bool prepares_data() const { return role() == "transform" && !reads("samples") && !applies_model(); }
  bool transforms_samples() const { return role() == "transform" && reads("samples"); }
  bool applies_model() const { return role() == "transform" && plugin.entry->takes_model; }
  // Returns whether it takes a model as a constant input.
  bool takes_model() const {
    return role() == "sampler" || applies_model() || (role() == "metric" && !measures_samples());
  }
  // Returns whether the model is that of this pipeline.
  bool has_model() const { return !of.empty() || !of_run.empty(); }
  bool stands_in(const std::string& id) const;
  template <class Role>
  Role& as() const {
    return static_cast<Role&>(*plugin.made);
  }
};

// Returns how many samples a sampler draws for each row; 1 where it draws no ensembles.
std::int64_t members_of(const plan_node& sampler);

// Returns an error about a parameter of the node, which stands where the node does, at the parameter's own place in the
// file; any other error as it is.
error at_parameter(const plan_node& n, const error& e);

// Returns the error of a node at work, with the node's name and its line in the file.
error at_node(const plan_node& n, const std::exception& e);
error at_node(const plan_node& n, const std::exception_ptr& e);

// Throws that error. A requested stop is no error of a node and is rethrown as it is; so is bad input. refuse_at()
// converts all but a stop to bad input.
[[noreturn]] void fail_at(const plan_node& n, const std::exception_ptr& e);
[[noreturn]] void refuse_at(const plan_node& n, const std::exception_ptr& e);

// Calls f(). Any exception is rethrown as an error at node n.
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
