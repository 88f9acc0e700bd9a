// The pages of the reference, made from the tables of plugins and of the command line: every role with its contract,
// every plugin, parameter, verb, option and key with an anchor, and a word of the search for each.
#pragma once

#include "noneq/app/ask_apart.hpp"
#include "noneq/app/command_table.hpp"
#include "noneq/app/docs/examples.hpp"
#include "noneq/app/docs/role_contract.hpp"
#include "noneq/app/docs/site.hpp"
#include "noneq/app/help.hpp"

namespace noneq::app {

// The plugins of one role, as reference_table() describes them; those that cannot be described have a problem instead.
struct role_reference {
  std::string role;
  std::vector<role_contract> contracts;
  std::vector<plugin_answer> plugins;
  std::map<std::string, std::vector<plugin_use>> uses;  // in shipped pipelines, by the full names of plugins
};

// Returns the table of a plugin (catalogue.hpp) with its shortest example as YAML.
nlohmann::ordered_json reference_table(const plugin_entry& e);

void add_role_page(site& s, const role_reference& of, const registry& plugins);
void add_role_list(site& s, const std::vector<role_reference>& roles);
void add_command_page(site& s, const verb_words& program, const std::vector<verb_group>& groups);
void add_key_page(site& s);

}
