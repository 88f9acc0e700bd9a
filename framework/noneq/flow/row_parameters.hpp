// Parameters by which a node without inputs chooses the rows it works on. Where it stands in a stream, the stream has
// chosen them. Pure.
#pragma once

#include <string>
#include <vector>

#include "noneq/plugin/registry.hpp"

namespace noneq::flow {

struct row_parameter {
  std::string name;
  std::string instead;  // what decides it in a stream: "gives as many rows as it has"
};

// Returns the row parameters of a plugin: `chunk` of a sampler, and `samples`, `split` and `chunk` of a metric that
// measures a model on so many rows of a part of the data; none for others.
std::vector<row_parameter> row_parameters(const plugin_entry& e);

// Returns whether it is a metric that measures `samples` rows of a part of the data.
bool measures_rows(const plugin_entry& e);

}
