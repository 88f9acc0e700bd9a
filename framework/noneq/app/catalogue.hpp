// The plugins' own tables as JSON, which every listing is made from.
#pragma once

#include <nlohmann/json.hpp>

#include "noneq/app/ask_apart.hpp"
#include "noneq/plugin/registry.hpp"

namespace noneq {

nlohmann::ordered_json to_json(const plugin_entry& e);

// What a plugin's author wrote in another encoding than UTF-8 is shown with replacement characters.
std::string to_text(const nlohmann::ordered_json& j, int indent);

// The role again; throws noneq::error when no plugin has it.
std::string need_role(const registry& plugins, const std::string& role);

// Covers all roles, or one.
std::vector<plugin_name> plugin_names(const registry& plugins, const std::string& role = {});

// show(table) of each of all plugins, or of one role; one that cannot be loaded is told on the error stream and left
// out.
std::vector<plugin_answer> all_plugins(registry& plugins,
                                       const std::function<nlohmann::ordered_json(const plugin_entry&)>& show,
                                       const std::string& role = {});

// A plugin's table with the file it comes from, and the files of the same name in later folders, which it hides.
nlohmann::ordered_json with_files(nlohmann::ordered_json table, const registry& plugins, const plugin_name& of);

}
