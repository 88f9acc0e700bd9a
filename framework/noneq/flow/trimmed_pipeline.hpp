// A pipeline cut down to its model, and put together again with other nodes beside it. Pure.
#pragma once

#include <string>
#include <vector>

#include "noneq/config/value.hpp"

namespace noneq {

// In what follows `name` is a plugin, "role.name", or all of a role, "role.".

// Removes every sampler, metric and writer from a pipeline; those named by `keep` stay, and the nodes that they stand
// in stay with them.
void remove_beside_model(value& document, const std::string& keep = "");

// The ids of the nodes of a plugin, in their order.
std::vector<std::string> find_nodes(const value& document, const std::string& name);
// The first of them, "" when there is none.
std::string find_node(const value& document, const std::string& name);

// Puts a node {plugin, of or in, …} into the graph, under `id` or the like when that is taken; returns its id.
std::string add_node(value& document, std::string id, value node);

}
