// A pipeline as a specification: plugins, their parameters, and the edges between nodes. Making a plan checks
// everything that can be known without running and without data; all problems are reported at once. A run works on
// plugins of its own, which fresh() makes. Made by one thread, then read only.
#pragma once

#include "noneq/flow/plan_node.hpp"
#include "noneq/flow/streams.hpp"
#include "noneq/plugin/process.hpp"
#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/roles/loss.hpp"
#include "noneq/plugin/roles/metric.hpp"
#include "noneq/plugin/roles/noiser.hpp"
#include "noneq/plugin/roles/sample_transform.hpp"
#include "noneq/plugin/roles/sampler.hpp"
#include "noneq/plugin/roles/trainer.hpp"
#include "noneq/plugin/roles/writer.hpp"

namespace noneq::flow {

// The nodes that every training needs, one of each; `loader` is the loader behind the noiser's first input, whose row
// numbers and classes count.
struct training_nodes {
  const plan_node &loader, &noiser, &model, &loss, &trainer;
};

struct plan {
  std::string name;
  std::int64_t seed = 0;
  std::int64_t unit = 0;                          // rows in a unit of a processing pipeline; 0: the usual number
  std::string not_finite = "stop";                // what becomes of samples that are not: stop, keep, retry
  noneq::process process;                         // without a kernel where nothing is trained
  std::map<std::string, instance> process_parts;  // by role
  std::vector<plan_node> nodes;                   // in running order
  std::vector<stream_nodes> streams;              // the training stream first, if there is one

  const plan_node& node(const std::string& id) const;
  bool trains() const { return !streams.empty() && streams.front().trains; }
  // Requires trains().
  training_nodes training() const;
  std::vector<const plan_node*> followers(const std::string& id) const;  // nodes that stand `in` it
  // The nodes on which n depends, each behind its inputs, and n itself at the end.
  std::vector<const plan_node*> before(const plan_node& n) const;
  // Returns the node nearest to n, itself or before it, that takes a model; nullptr when there is none.
  const plan_node* model_before(const plan_node& n) const;
  bool learns_schedule() const { return process.schedule && !process.schedule->learnable().empty(); }

  // Returns the whole pipeline with every default written out; reads back to an equal plan.
  config::value resolved() const;
  // Returns an equal plan with plugins of its own, so that two runs share nothing that changes.
  plan fresh() const;

  std::shared_ptr<const config::value> document;  // that the plan was made from
  registry* plugins = nullptr;                    // outlives the plan

 private:
  void add_before(const plan_node& n, std::vector<const plan_node*>& all) const;
};

// Throws input_error with every problem of the document.
plan make_plan(const config::value& document, registry& plugins);

}
