// Reads plugins' tables in a separate process: a library that crashes, hangs or exits ends that process and nothing
// else, and the listing goes on without it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "noneq/plugin/registry.hpp"

namespace noneq::app {

struct plugin_name {
  std::string role, name;
};

// The result of a description: either `said`, which show() returned, or `problem`, with the file of the library.
struct plugin_answer {
  plugin_name of;
  nlohmann::ordered_json said;
  std::string problem;
};

// Returns show(table) for each of these plugins, in their order. Costs one fork, and one more for each library that
// ends it. Not thread-safe: called while the program has one thread.
std::vector<plugin_answer> ask_apart(registry& plugins, const std::vector<plugin_name>& which,
                                     const std::function<nlohmann::ordered_json(const plugin_entry&)>& show);

}
