// Checks that make a plan meaningful beyond well-formed: parts that fit together, edges that lead somewhere.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// Checks that spaces agree, that the schedule has tables, and that the mean has a meaning under them. Fills
// p.process.tables.
void check_process(plan& p, config::problems& found);

// Checks that edges exist and have no cycle, that there is one training chain from a loader to a trainer, and that
// every tensor read is written before. Orders p.nodes and fills p.stream.
void check_graph(plan& p, const config::value& document, config::problems& found);

// Checks that a node has a meaning for the model that it takes, of this plan or of that of another run.
void check_with_model(const plan& model, const plan_node& n, config::problems& found);

}
