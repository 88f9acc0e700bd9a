// Checks of joins that need the data's layout: the sources of a node's inputs must have equal numbers of rows.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// Opens the loaders upstream of each join. A file that does not exist, or cannot be read, is refused later by the run.
void check_joins(const plan& p, config::problems& found);

}
