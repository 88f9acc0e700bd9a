// The JSON Schema of a place in a pipeline where a plugin stands, a name or a map {plugin: name, …}, made from what
// schema_facts() returned for each plugin that may stand there. A map is judged by the schema of the plugin that it
// names, so that a mistake is reported as the one it is, and not as one of every plugin. Pure; thread-safe.
#pragma once

#include "noneq/app/ask_apart.hpp"

namespace noneq::app {

enum class naming { with_role, with_or_without };  // loader.hdf5 in a graph; elsewhere hdf5 too

struct plugin_place {
  std::vector<plugin_answer> choices;
  naming names = naming::with_or_without;

  // Return the schema in a pipeline that stands alone;
  nlohmann::json whole() const;
  // and in one that extends another: maps without what the other file states, and null, which removes.
  nlohmann::json partial() const;
};

}
