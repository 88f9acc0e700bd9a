// What the verbs on a finished run share: its pipeline with other nodes beside the model.
#pragma once

#include "noneq/flow/occasions.hpp"
#include "noneq/flow/run_folder.hpp"

namespace noneq {

// Takes every sampler, metric and writer out of a pipeline; `keep` names roles that stay.
void remove_beside_model(value& document, const std::vector<std::string>& keep = {});

// The id of the only model node.
std::string model_id(const value& document);

// Puts a node {plugin, of or in, …} into the graph.
void add_node(value& document, const std::string& id, std::vector<std::pair<std::string, value>> entries);

}
