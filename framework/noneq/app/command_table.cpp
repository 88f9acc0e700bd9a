#include "noneq/app/command_table.hpp"

#include <sstream>

namespace noneq::app {
namespace {

bool mentions(const std::string& text, const char* word) { return text.find(word) != text.npos; }

// Returns the words of "{a,b}" in the name of a type.
std::vector<std::string> choices_in(const std::string& type) {
  std::vector<std::string> all;
  const auto open = type.find('{'), close = type.find('}');
  if (open == type.npos || close == type.npos) return all;
  std::istringstream words(type.substr(open + 1, close - open - 1));
  for (std::string word; std::getline(words, word, ',');) all.push_back(word);
  return all;
}

word_kind kind_of(const option_words& o) {
  if (!o.choices.empty()) return word_kind::choice;
  if (!o.takes_value() || o.value.starts_with("INT") || o.value.starts_with("FLOAT") || o.value.starts_with("UINT"))
    return word_kind::none;
  if (o.name == "PLUGIN") return word_kind::plugin;
  if (o.name == "ROLE") return word_kind::role;
  if (o.name == "GENERATOR") return word_kind::loader;
  if (o.name == "--sampler") return word_kind::sampler;
  if (o.name == "NAME") return word_kind::none;  // of a thing that does not exist yet
  if (!o.name.starts_with("-")) {
    if (mentions(o.doc, "YAML")) return word_kind::yaml;
    return o.doc.starts_with("the folder of") && !mentions(o.doc, "file") ? word_kind::folder : word_kind::file;
  }
  const bool names_file = mentions(o.doc, "file") || mentions(o.doc, "folder") || mentions(o.doc, "FILE");
  return names_file && o.name != "--set" && o.name != "--dataset" ? word_kind::file : word_kind::none;
}

option_words words_of(const CLI::Option& o) {
  option_words w;
  const bool positional = o.get_lnames().empty() && o.get_snames().empty();
  w.name = positional ? o.get_name(true) : "--" + (o.get_lnames().empty() ? "" : o.get_lnames().front());
  if (o.get_lnames().empty() && !positional) w.name = "-" + o.get_snames().front();
  if (!o.get_lnames().empty() && !o.get_snames().empty()) w.short_name = "-" + o.get_snames().front();
  w.doc = o.get_description();
  if (o.get_items_expected_max() > 0) w.value = o.get_type_name();
  if (o.get_items_expected_max() > 0 && w.value.empty()) w.value = "TEXT";
  w.choices = choices_in(w.value);
  w.required = o.get_required();
  w.kind = kind_of(w);
  return w;
}

verb_words words_of(const CLI::App& app, const std::string& name) {
  verb_words v{name, app.get_description(), {}, {}, {}};
  for (const CLI::Option* o : app.get_options({})) {
    option_words w = words_of(*o);
    (w.name.starts_with("-") ? v.options : v.arguments).push_back(std::move(w));
  }
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    v.verbs.push_back(words_of(*verb, name.empty() ? verb->get_name() : name + " " + verb->get_name()));
  return v;
}

}

verb_words command_table(const CLI::App& program) { return words_of(program, ""); }

plugin_words words_of(const registry& plugins) {
  plugin_words w;
  w.roles = plugins.roles();
  for (const std::string& role : w.roles)
    for (const std::string& name : plugins.names(role)) w.plugins.push_back(role + "." + name);
  w.loaders = plugins.names("loader");
  w.samplers = plugins.names("sampler");
  return w;
}

const std::vector<std::string>& known_words(const option_words& o, const plugin_words& names) {
  switch (o.kind) {
    case word_kind::plugin:
      return names.plugins;
    case word_kind::role:
      return names.roles;
    case word_kind::loader:
      return names.loaders;
    case word_kind::sampler:
      return names.samplers;
    default:
      return o.choices;
  }
}

}
