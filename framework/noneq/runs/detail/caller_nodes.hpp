// The two ends of a pipeline that computes for another program: a loader whose rows that program gives, and a writer
// whose batches it takes. They exist in this library alone, and rows pass by them: they describe data to the checks of
// a pipeline.
#pragma once

#include <map>
#include <set>
#include <string>

#include "noneq/config/value.hpp"
#include "noneq/plugin/registry.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq::runs {

// Makes loader.caller and writer.caller known to the registry.
void add_caller_nodes(registry& plugins);

// Returns a node of rows with these tensors, by the shape of one row; those of `missing` may have NaN.
config::value rows_of_caller(const std::map<std::string, sizes>& tensors, std::int64_t classes,
                             const std::set<std::string>& missing);

// Returns a node that takes the batches of node `from`.
config::value results_for_caller(const std::string& from);

}
