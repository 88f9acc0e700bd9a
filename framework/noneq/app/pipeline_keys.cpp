#include "noneq/app/pipeline_keys.hpp"

#include <algorithm>

#include "noneq/config/extends.hpp"
#include "noneq/flow/plan.hpp"

namespace noneq::app {
namespace {

using nlohmann::ordered_json;

ordered_json row(const std::string& name, const char* type, const char* doc) {
  return {{"name", name}, {"type", type}, {"doc", doc}, {"required", false}, {"default", nullptr}};
}

ordered_json required(ordered_json r) { return r["required"] = true, r; }

ordered_json with_default(ordered_json r, const ordered_json& initial, const char* range = "") {
  r["default"] = initial;
  if (*range != '\0') r["range"] = range;
  return r;
}

}

ordered_json top_keys() {
  const flow::plan usual;
  return {
      row(config::extends_key, "path",
          "a pipeline to begin with, from the folder of this file; what stands here changes it, and null removes a "
          "key"),
      required(row("name", "text", "the name of the run, which is also that of its folder in runs/")),
      with_default(row("seed", "integer", "the seed of all random numbers"), usual.seed),
      with_default(row("unit", "integer", "rows in a unit of a pass over data; 0: the batches that make 1024 rows"),
                   usual.unit, "a value in [0, 1e9]"),
      with_default(row("not_finite", "text",
                       "what becomes of samples of a pass that are not finite: the pass stops, they are kept, or they "
                       "are drawn once more with other noise"),
                   usual.not_finite, "one of stop, keep, retry"),
      row("process", "map", "the diffusion process; needed where a model is trained"),
      required(row("graph", "map of nodes", "the nodes by their names, each a plugin with its parameters")),
  };
}

ordered_json process_keys() {
  return {
      required(row("kernel", "a kernel plugin", "the state space and its noise")),
      required(
          row("schedule", "a schedule plugin", "the rate at which data turns into noise, and the number of steps")),
      required(row("mean", "a mean plugin", "the quantity that the network predicts")),
      with_default(row("variance", "a variance plugin", "the variance of the reverse step, for kernels that have one"),
                   "fixed_small"),
  };
}

ordered_json node_keys() {
  return {
      required(row("plugin", "text", "the plugin, as in loader.hdf5")),
      row("in", "text, or list of texts", "the node before, or several, whose rows are joined"),
      row("as", "map of texts",
          "new names of tensors on the way in: {x0: mask}, or {node.x0: mask} of one of several inputs"),
      row("of", "text", "the model it takes: a node, or the folder of a finished run"),
      with_default(row("every", "integer", "runs after every so many steps of the training too; without it at the end"),
                   nullptr, "a value of at least 1"),
      with_default(row("at", "text", "when it runs"), nullptr, "one of end"),
  };
}

const ordered_json& row_of(const ordered_json& rows, const std::string& name) {
  return *std::find_if(rows.begin(), rows.end(), [&](const ordered_json& r) { return r["name"] == name; });
}

}
