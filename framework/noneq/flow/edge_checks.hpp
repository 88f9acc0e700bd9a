// Checks of the edges between nodes, by kinds, edges and the tensors on these, without data.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// Checks that the inputs of n lead to nodes with an output, and that its model is a node or the folder of a finished
// run; `of` becomes of_run for a folder.
void check_edges(plan& p, plan_node& n, config::problems& found);

// Checks that every tensor that is read is written before, and that no two inputs have one of equal name. Nodes are in
// running order.
void check_names(const plan& p, config::problems& found);

// Checks that the nodes of each stream can work in it, that their rows fit one another, and that their events happen.
// Requires p.streams.
void check_streams(const plan& p, config::problems& found);

// Return the node of this name, nullptr when there is none, and the names of the nodes that n stands in.
const plan_node* find(const plan& p, const std::string& id);
std::vector<std::string> names_of_inputs(const plan_node& n);

}
