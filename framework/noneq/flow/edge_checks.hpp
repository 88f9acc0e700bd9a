// Checks of how nodes hang together, by their kinds, their edges and the tensors on these, without data.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq {

// The inputs of n lead to nodes that can give something, and its model is a node or the folder of a finished run; `of`
// becomes of_run for a folder.
void check_edges(plan& p, plan_node& n, problems& found);

// Every tensor that is read is there, and no two inputs bring one of the same name. Nodes are in running order.
void check_names(const plan& p, problems& found);

// Streams hold nodes that can work in them, with rows that fit one another and at events that there are. Requires
// p.streams.
void check_streams(const plan& p, problems& found);

// The node of this name, nullptr when there is none; the nodes that n stands in.
const plan_node* find(const plan& p, const std::string& id);
std::vector<std::string> names_of_inputs(const plan_node& n);

}
