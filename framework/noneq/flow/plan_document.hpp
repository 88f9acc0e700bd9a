// A pipeline read from its document, before it is known whether its nodes fit together. Pure.
#pragma once

#include "noneq/config/problems.hpp"
#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// The keys of `process`, each the role of a plugin.
inline const std::vector<std::string> process_keys{"kernel", "schedule", "mean", "variance"};

// Returns the plan with the nodes in the order of the file and without streams. Unknown keys, plugins that cannot be
// made and bad values go to `found`. Throws input_error when the document is no map.
plan read_document(const config::value& document, registry& plugins, config::problems& found);

}
