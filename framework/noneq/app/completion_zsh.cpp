#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/completion.hpp"

namespace noneq::app {
namespace {

// Text within single quotes, with what _arguments would read as its own syntax escaped.
std::string zsh_quoted(const std::string& text, const char* special) {
  std::string all;
  for (const char c : text)
    if (c == '\'')
      all += "'\\''";
    else if (std::string_view(special).find(c) != std::string_view::npos)
      all += std::string("\\") + c;
    else
      all += c == '\n' ? ' ' : c;
  return all;
}

std::string action_of(const option_words& o, const plugin_words& names) {
  switch (o.kind) {
    case word_kind::none:
      return "";
    case word_kind::file:
      return "_files";
    case word_kind::yaml:
      return "_files -g \"*.(yaml|yml)\"";
    case word_kind::folder:
      return "_files -/";
    default:
      return fmt::format("({})", fmt::join(known_words(o, names), " "));
  }
}

std::string arguments_of(const verb_words& v, const plugin_words& names, const std::string& indent) {
  std::string text;
  for (const option_words& o : v.options) {
    text += fmt::format(" \\\n{}'{}{}[{}]", indent, o.takes_value() ? "*" : "", o.name, zsh_quoted(o.doc, "[]:\\"));
    if (o.takes_value()) text += fmt::format(":{}:{}", "value", action_of(o, names));
    text += "'";
  }
  for (std::size_t i = 0; i < v.arguments.size(); ++i)
    text += fmt::format(" \\\n{}'{}:{}:{}'", indent, i + 1 == v.arguments.size() ? "*" : std::to_string(i + 1),
                        v.arguments[i].name, action_of(v.arguments[i], names));
  return text;
}

std::string function_of(const std::string& verb) {
  std::string name = verb;
  for (char& c : name)
    if (c == ' ') c = '_';
  return name.empty() ? "_noneq" : "_noneq_" + name;
}

void add_function(const verb_words& v, const plugin_words& names, std::string& script) {
  for (const verb_words& below : v.verbs) add_function(below, names, script);
  script += function_of(v.name) + "() {\n";
  if (v.verbs.empty()) {
    script += "  _arguments -s" + arguments_of(v, names, "    ") + "\n}\n";
    return;
  }
  script += "  local state line\n  local -a verbs=(\n";
  for (const verb_words& below : v.verbs)
    script += fmt::format("    '{}:{}'\n", below.last_word(), zsh_quoted(below.doc, ":\\"));
  script += "  )\n  _arguments -C" + arguments_of(v, names, "    ") +
            " \\\n    '1:verb:->verb' '*::word:->words'\n  case $state in\n    verb) _describe verb verbs ;;\n"
            "    words) case $line[1] in\n";
  for (const verb_words& below : v.verbs)
    script += fmt::format("      {}) {} ;;\n", below.last_word(), function_of(below.name));
  script += "    esac ;;\n  esac\n}\n";
}

}

std::string zsh_completion(const verb_words& program, const plugin_words& names) {
  std::string script = "#compdef noneq\n# Completion of noneq for zsh, made by: noneq completion zsh\n";
  add_function(program, names, script);
  // The file may be found by its name, or be sourced.
  return script + "if [ \"$funcstack[1]\" = _noneq ]; then _noneq \"$@\"; else compdef _noneq noneq; fi\n";
}

}
