// A run as a report reads it: what its folder holds, whatever ended the run. One thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "noneq/flow/plan.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq::app {

struct report_source {
  flow::run_folder folder;
  std::string yaml;                              // pipeline.yaml
  config::value document;                        // parsed
  std::optional<flow::plan> plan;                // none where a plugin of the run is not installed
  nlohmann::json trained;                        // the meta of its checkpoint; null: there is none
  nlohmann::json model;                          // that of the model: its own, or of the run that it applies
  std::string weights;                           // the checksum of the checkpoint's tensors
  std::vector<nlohmann::json> records, history;  // the lines of metrics.jsonl and of history.jsonl
  std::vector<std::filesystem::path> files;      // that its writers made and that are still in the folder, by name
  std::vector<std::string> missing;              // sentences about what the page cannot show

  registry& plugins;

  std::string name() const;
  // Return the shape of one sample of the model's data, and the limits of its numbers; empty where they are not known.
  sizes shape() const;
  std::vector<double> range() const;
  // Returns the first node whose plugin has this role; "" where there is none.
  std::string node_of(const std::string& role) const;
  // Returns the node of the graph, as the file states it, that has this parameter with this value; "" for none.
  std::string node_with(const std::string& parameter, const std::string& value) const;
  // Returns the text of a parameter of a node; "" where it has none.
  std::string parameter(const std::string& node, const std::string& name) const;
  // Returns "metric.bound" of the node; "" where there is no such node.
  std::string plugin_of(const std::string& node) const { return parameter(node, "plugin"); }
};

// Reads the folder. A damaged or missing file beside pipeline.yaml is named in `missing`. Throws input_error when the
// folder is not that of a run, or of a run of a newer noneq.
report_source read_run(const std::filesystem::path& folder, registry& plugins);

}
