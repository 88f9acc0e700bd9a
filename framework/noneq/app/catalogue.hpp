// The plugins' own tables as JSON, which every listing is made from.
#pragma once

#include "noneq/plugin/registry.hpp"

namespace noneq {

nlohmann::ordered_json to_json(const plugin_entry& e);

// Loads every installed plugin; one that cannot be loaded is reported on the error stream and left out.
std::vector<const plugin_entry*> all_plugins(registry& plugins, const std::string& role = {});

}
