#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/completion.hpp"

namespace noneq::app {
namespace {

// The functions of the script. Words come from compgen by lines, so that names with spaces stay whole.
constexpr const char* head = R"(# Completion of noneq for bash, made by: noneq completion bash
_noneq_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }
_noneq_files() {  # _noneq_files WORD [PATTERN]: files of this name, and folders
  compopt -o filenames 2> /dev/null
  if [ -z "$2" ]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
  else
    mapfile -t COMPREPLY < <(compgen -d -- "$1"; compgen -f -X "!$2" -- "$1")
  fi
}
_noneq() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$verb ${COMP_WORDS[i]}" in
)";

std::string words_case(const option_words& o, const plugin_words& names) {
  switch (o.kind) {
    case word_kind::none:
      return ":";
    case word_kind::file:
      return "_noneq_files \"$word\"";
    case word_kind::yaml:
      return "_noneq_files \"$word\" '*.y*ml'";
    case word_kind::folder:
      return "compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -d -- \"$word\")";
    default:
      return fmt::format("_noneq_words '{}' \"$word\"", fmt::join(known_words(o, names), " "));
  }
}

// The first argument stands behind the verb; all others are completed as the last is.
std::string arguments_case(const verb_words& v, const plugin_words& names) {
  const std::string first = words_case(v.arguments.front(), names), last = words_case(v.arguments.back(), names);
  if (first == last) return first;
  return fmt::format("if [ \"$before\" = {} ]; then {}; else {}; fi", v.last_word(), first, last);
}

// Calls f for each verb, the program itself among them.
template <class F>
void each_verb(const verb_words& v, F&& f) {
  f(v);
  for (const verb_words& below : v.verbs) each_verb(below, f);
}

}

std::string bash_completion(const verb_words& program, const plugin_words& names) {
  std::string script = head;
  each_verb(program, [&](const verb_words& v) {
    if (!v.name.empty())
      script += fmt::format("      '{}{}') verb='{}' ;;\n", v.name.find(' ') == v.name.npos ? " " : "", v.name, v.name);
  });
  script += "    esac\n  done\n  case \"$verb $before\" in\n";
  each_verb(program, [&](const verb_words& v) {
    for (const option_words& o : v.options)
      if (o.takes_value()) script += fmt::format("    '{} {}') {}; return ;;\n", v.name, o.name, words_case(o, names));
  });
  script += "  esac\n  case \"$verb:$word\" in\n";
  each_verb(program, [&](const verb_words& v) {
    std::vector<std::string> options, verbs;
    for (const option_words& o : v.options) options.push_back(o.name);
    script += fmt::format("    '{}:-'*) _noneq_words '{}' \"$word\" ;;\n", v.name, fmt::join(options, " "));
    for (const verb_words& below : v.verbs) verbs.push_back(below.last_word());
    if (!verbs.empty())
      script += fmt::format("    '{}:'*) _noneq_words '{}' \"$word\" ;;\n", v.name, fmt::join(verbs, " "));
    else if (!v.arguments.empty())
      script += fmt::format("    '{}:'*) {} ;;\n", v.name, arguments_case(v, names));
  });
  return script + "  esac\n}\ncomplete -F _noneq noneq\n";
}

}
