// Reads plugins' tables in a process apart: a library that crashes, hangs or leaves ends that process
// and nothing else, and the listing goes on without it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "noneq/plugin/registry.hpp"

namespace noneq {

struct plugin_name {
  std::string role, name;
};

// Holds either `said` or, with the library's file, a `problem`.
struct plugin_answer {
  plugin_name of;
  nlohmann::ordered_json said;
  std::string problem;
};

// show(table) of each of these plugins, in their order. Costs one fork, and one more for each library that ends it. Not
// thread-safe: called while the program has one thread.
std::vector<plugin_answer> ask_apart(registry& plugins, const std::vector<plugin_name>& which,
                                     const std::function<nlohmann::ordered_json(const plugin_entry&)>& show);

}
