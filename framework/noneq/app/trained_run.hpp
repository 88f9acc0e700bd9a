// What the verbs on a finished run share: its pipeline with other nodes beside the model.
#pragma once

#include "noneq/flow/occasions.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq {

// The run of a folder, its pipeline changed by `change`. Throws input_error, also when the checkpoint is damaged.
session open_run(const std::string& folder, registry& plugins, const std::function<void(value&)>& change);

// In what follows `name` is a plugin, "role.name", or all of a role, "role.".

// Takes every sampler, metric and writer out of a pipeline; those named by `keep` stay, and what they stand in stays
// with them.
void remove_beside_model(value& document, const std::string& keep = "");

// The ids of the nodes of a plugin, in their order.
std::vector<std::string> find_nodes(const value& document, const std::string& name);
// The first of them, "" when there is none.
std::string find_node(const value& document, const std::string& name);

// Puts a node {plugin, of or in, …} into the graph, under `id` or the like when that is taken; returns its id.
std::string add_node(value& document, std::string id, value node);

}
