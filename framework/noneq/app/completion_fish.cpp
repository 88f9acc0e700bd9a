#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/completion.hpp"

namespace noneq::app {
namespace {

std::string fish_quoted(const std::string& text) {
  std::string all = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') all += '\\';
    all += c == '\n' ? ' ' : c;
  }
  return all + "'";
}

// Returns the options of `complete` that give the words for a value or an argument.
std::string words_for(const option_words& o, const plugin_words& names) {
  switch (o.kind) {
    case word_kind::none:
      return " -f";
    case word_kind::file:
      return " -F";
    case word_kind::yaml:
      return " -f -k -a '(__fish_complete_suffix .yaml)'";
    case word_kind::folder:
      return " -f -a '(__fish_complete_directories)'";
    default:
      return fmt::format(" -f -a {}", fish_quoted(fmt::format("{}", fmt::join(known_words(o, names), " "))));
  }
}

// Returns the condition under which the words of a verb are completed.
std::string condition_of(const verb_words& v) {
  if (v.name.empty()) return "__fish_use_subcommand";
  const auto space = v.name.find(' ');
  std::string text = "__fish_seen_subcommand_from " + v.name.substr(0, space);
  if (space != v.name.npos) text += "; and __fish_seen_subcommand_from " + v.name.substr(space + 1);
  std::vector<std::string> below;
  for (const verb_words& b : v.verbs) below.push_back(b.last_word());
  if (!below.empty()) text += fmt::format("; and not __fish_seen_subcommand_from {}", fmt::join(below, " "));
  return text;
}

// The first argument stands behind the verb; all others are completed as the last is.
void add_arguments(const verb_words& v, const plugin_words& names, std::string& script) {
  if (v.arguments.empty()) return;
  const std::string first = words_for(v.arguments.front(), names), last = words_for(v.arguments.back(), names);
  const auto add = [&](const std::string& where, const std::string& words) {
    script += fmt::format("complete -c noneq -n {}{}\n", fish_quoted(condition_of(v) + where), words);
  };
  if (first == last) return add("", first);
  const std::string behind_verb = "test (commandline -opc)[-1] = " + v.last_word();
  add("; and " + behind_verb, first);
  add("; and not " + behind_verb, last);
}

void add_verb(const verb_words& v, const plugin_words& names, std::string& script) {
  const std::string start = fmt::format("complete -c noneq -n {}", fish_quoted(condition_of(v)));
  for (const verb_words& below : v.verbs)
    script += fmt::format("{} -a {} -d {}\n", start, below.last_word(), fish_quoted(below.doc));
  for (const option_words& o : v.options) {
    script +=
        fmt::format("{} -l {}{}", start, o.name.substr(2), o.short_name.empty() ? "" : " -s " + o.short_name.substr(1));
    if (o.takes_value()) script += " -r" + words_for(o, names);
    script += fmt::format(" -d {}\n", fish_quoted(o.doc));
  }
  add_arguments(v, names, script);
  for (const verb_words& below : v.verbs) add_verb(below, names, script);
}

}

std::string fish_completion(const verb_words& program, const plugin_words& names) {
  std::string script = "# Completion of noneq for fish, made by: noneq completion fish\ncomplete -c noneq -f\n";
  add_verb(program, names, script);
  return script;
}

}
