// A pipeline cut down to its model, and put together again with other nodes beside it. Pure.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "noneq/config/value.hpp"

namespace noneq::flow {

// Removes every sampler, metric and writer from a pipeline, and the loaders and transforms that only they need. The
// nodes with the ids `keep` stay, and those that they stand in stay with them.
void remove_beside_model(config::value& document, const std::vector<std::string>& keep = {});

// Returns the ids of the nodes of a plugin, "role.name", or of a role, "role.", in their order.
std::vector<std::string> find_nodes(const config::value& document, const std::string& name);
// Returns the first of them, "" when there is none.
std::string find_node(const config::value& document, const std::string& name);

// Returns the first sampler node of a pipeline, {plugin: sampler.ancestral} when it has none.
config::value own_sampler(const config::value& document);
// Returns it when `name`, "ddim" or "sampler.ddim", is its plugin or "", else that plugin with its defaults.
config::value sampler_called(const config::value& document, const std::string& name);

// The rows of a tensor, in an HDF5 file.
struct tensor_rows {
  std::string tensor;  // its name in the stream
  std::filesystem::path file;
  std::string dataset;
};
// Returns a loader node of these rows, as its x0.
config::value loader_of(const tensor_rows& rows);

// Returns the ids in a node's `in`.
std::vector<std::string> inputs_of(const config::value& node);

// Adds a node {plugin, of or in, …} to the graph, under `id` or a similar name when that is taken; returns its id.
std::string add_node(config::value& document, std::string id, config::value node);

// Removes the inputs of a node that give it a tensor under the name `tensor` in `as`. Where none does, the tensor keeps
// the name that it has in an input, so all inputs without new names are removed.
void remove_input(config::value& node, const std::string& tensor);
// Adds node `from` to the inputs of a node; its x0 gets the name `tensor`.
void add_input(config::value& node, const std::string& from, const std::string& tensor);

// Returns the value that a pipeline states for a parameter of a node; nullptr where it states none, or is no pipeline.
const config::value* stated_parameter(const config::value& pipeline, const std::string& node, const char* parameter);

}
