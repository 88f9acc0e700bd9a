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

}
