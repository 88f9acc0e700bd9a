// The plugins' own tables as JSON, which every listing is made from.
#pragma once

#include <nlohmann/json.hpp>

#include "noneq/plugin/registry.hpp"

namespace noneq {

nlohmann::ordered_json to_json(const plugin_entry& e);

// What a plugin's author wrote in another encoding than UTF-8 is shown with replacement characters.
std::string to_text(const nlohmann::ordered_json& j, int indent);

// The role again; throws noneq::error when no plugin has it.
std::string need_role(const registry& plugins, const std::string& role);

// Loads every installed plugin; one that cannot be loaded is reported on the error stream and left out.
std::vector<const plugin_entry*> all_plugins(registry& plugins, const std::string& role = {});

}
