// Examples of plugins: those of shipped pipelines, and where no pipeline has one, the shortest that a plugin's table
// allows.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "noneq/config/value.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq::app {

// Returns a node or a part with all that the table requires: {plugin: …, in: …, file: …}. Texts that only the user
// knows stand in capital letters. Pure.
config::value shortest_example(const plugin_entry& e);

// Where a plugin stands in pipelines.
struct plugin_use {
  std::string pipeline;  // "swiss_roll.yaml"
  config::value node;    // {model: {plugin: model.mlp, …}}, or {process: {schedule: …}}
};

// The parameters of plugins that are plugins themselves: "noiser.marginal" → {"time", "time_sampler"}.
using part_parameters = std::map<std::string, std::map<std::string, std::string>>;

// Returns the uses of every plugin, by its full name, in the pipelines (*.yaml) of a folder, by their names. A file
// that cannot be read is left out.
std::map<std::string, std::vector<plugin_use>> uses_in(const std::filesystem::path& folder,
                                                       const part_parameters& parts);

}
