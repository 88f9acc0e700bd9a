// What makes a plan meaningful beyond well-formed: parts that fit together, edges that lead somewhere.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq {

// Spaces agree, the schedule has tables, the mean has a meaning under them. Fills p.process.tables.
void check_process(plan& p, problems& found);

// Edges exist and have no cycle, one training chain from a loader to a trainer, every tensor read is written before.
// Orders p.nodes and fills p.stream.
void check_graph(plan& p, const value& document, problems& found);

}
