// The plugins' own tables as JSON, from which every listing is made.
#pragma once

#include <nlohmann/json.hpp>

#include "noneq/app/ask_apart.hpp"
#include "noneq/plugin/registry.hpp"

namespace noneq::app {

nlohmann::ordered_json to_json(const plugin_entry& e);

// Returns the words of a parameter's row beside its doc: "integer, a value of at least 1; default 3".
std::string value_words(const nlohmann::ordered_json& parameter);

// Text of a plugin's author in another encoding than UTF-8 is shown with replacement characters.
std::string to_text(const nlohmann::ordered_json& j, int indent);

// Returns the role; throws noneq::error when no plugin has it.
std::string need_role(const registry& plugins, const std::string& role);

// Returns the plugins of all roles, or of one.
std::vector<plugin_name> plugin_names(const registry& plugins, const std::string& role = {});

// Returns show(table) for each plugin, or for each of one role. A plugin that cannot be loaded is reported on the error
// stream and left out.
std::vector<plugin_answer> all_plugins(registry& plugins,
                                       const std::function<nlohmann::ordered_json(const plugin_entry&)>& show,
                                       const std::string& role = {});

// Prints on the error stream why plugins could not be described, and which libraries are truncated, each line once.
void report_problems(const registry& plugins, const std::vector<plugin_answer>& answers);

// Returns a plugin's table with the file it comes from, and the files of equal name in later folders, which it hides.
nlohmann::ordered_json with_files(nlohmann::ordered_json table, const registry& plugins, const plugin_name& of);

}
