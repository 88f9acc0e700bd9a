// The verbs and options of the program as plain data, from which completions and the manual page are made: nothing in
// them is written a second time. Pure.
#pragma once

#include <CLI/CLI.hpp>

#include "noneq/plugin/registry.hpp"

namespace noneq::app {

// The words that can stand for a value.
enum class word_kind { none, file, yaml, folder, plugin, role, loader, sampler, choice };

struct option_words {
  std::string name;        // "--set"; of an argument without a name "FILE"
  std::string short_name;  // "-h", or ""
  std::string doc, value;  // value: "INT", "TEXT:{bound,flow}"; "" for a flag
  word_kind kind = word_kind::none;
  std::vector<std::string> choices = {};
  bool required = false;
  bool takes_value() const { return !value.empty(); }
};

struct verb_words {
  std::string name, doc;  // "data make"
  std::vector<option_words> options, arguments;
  std::vector<verb_words> verbs;
  std::string last_word() const { return name.substr(name.rfind(' ') + 1); }  // "make"
};

// Returns the program and its verbs.
verb_words command_table(const CLI::App& program);

// Names of plugins as they stand behind `describe` and in options; read from the files, without running a library.
struct plugin_words {
  std::vector<std::string> plugins, roles, loaders, samplers;
};
plugin_words words_of(const registry& plugins);

// Returns the words of a kind that are known ahead: choices and names of plugins.
const std::vector<std::string>& known_words(const option_words& o, const plugin_words& names);

}
