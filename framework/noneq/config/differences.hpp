// How two pipelines differ, one line a value. Pure functions, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "noneq/config/value.hpp"

namespace noneq::config {

struct difference {
  std::string path;                    // "graph.trainer.rate"
  std::optional<std::string> was, is;  // as YAML on one line; nothing where the value is not set
};

// Returns the values that are not equal, in the order of `is`, then those that only `was` has. A list is one value,
// unless it holds maps; a bare name of a plugin is {plugin: name} where the other side is a map.
std::vector<difference> differences(const value& was, const value& is);

// Returns those that are not within a part whose plugin is another one, which has other parameters; of such a part the
// plugin alone.
std::vector<difference> without_replaced(const std::vector<difference>& all);

// Returns "graph.trainer.rate: 2e-3 → 1e-3"; "not set" stands for a value that is not there.
std::string to_text(const difference& d);

}
