#include "noneq/app/argument_problem.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/core/error.hpp"
#include "noneq/core/messages.hpp"

namespace noneq::app {
namespace {

std::vector<std::string> options_of(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* o : verb.get_options())
    for (const std::string& name : o->get_lnames()) names.push_back("--" + name);
  return names;
}

bool has_option(const CLI::App& verb, const std::string& name) {
  const std::vector<std::string> all = options_of(verb);
  return std::find(all.begin(), all.end(), name) != all.end();
}

// Returns the line for words that no option or argument of `at` took, or "". `last` is the verb behind it, or itself.
std::string unexpected(const CLI::App& at, const std::string& called, const CLI::App& last) {
  std::vector<std::string> words = at.remaining();
  std::erase(words, "--");
  if (words.empty()) return "";
  // The library takes the value of an option that it does not know for an argument, or leaves it here as well.
  const auto option =
      std::find_if(words.begin(), words.end(), [](const std::string& word) { return word.starts_with('-'); });
  if (option != words.end()) {
    const std::string name = option->substr(0, option->find('='));
    if (&at != &last && has_option(last, name))
      return fmt::format("got {} before the verb '{}', need it behind the verb", name, last.get_name());
    const std::string guess = did_you_mean(name, options_of(at));
    return fmt::format("{} has no option '{}'{}", called, name,
                       guess.empty() ? fmt::format("; {} --help lists them", called) : guess);
  }
  if (!names_of_verbs(at).empty()) return unknown_verb(at, called, words.front());
  return fmt::format("{}: got '{}' behind all that it takes; {} --help lists its arguments", called, words.front(),
                     called);
}

std::string kind_of(const CLI::Option& o) {
  const std::string type = o.get_type_name();
  if (type.starts_with("UINT")) return "an integer of at least 0";
  if (type.starts_with("INT")) return "an integer";
  return type.starts_with("FLOAT") ? "a number" : "a value";
}

std::string named(const CLI::Option& o) { return o.get_name(o.get_positional()); }

// The texts of the library are compared, never read: the error that it makes for an option is made once more.
bool is(const CLI::ParseError& e, const CLI::ParseError& other) { return std::string_view(e.what()) == other.what(); }

std::string about_option(const CLI::App& verb, const CLI::Option& o, const CLI::ParseError& e) {
  if (is(e, CLI::RequiredError(o.get_name()))) return fmt::format("{} is missing: {}", named(o), o.get_description());
  for (const std::string& name : o.get_lnames())
    if (is(e, CLI::ArgumentMismatch::FlagOverride(name)))
      return fmt::format("{}: got a value, need none: it is given or not", named(o));
  if (is(e, CLI::ConversionError(o.get_name(), o.results())))
    return fmt::format("{}: got {}, need {}", named(o), o.results().back(), kind_of(o));
  if (is(e, CLI::ArgumentMismatch::TypedAtLeast(o.get_name(), 1, o.get_type_name())))
    return fmt::format("{}: got nothing behind it, need {}", named(o), kind_of(o));
  if (is(e, CLI::ArgumentMismatch::AtMost(o.get_name(), 1, o.results().size())))
    return fmt::format("{}: got {} values, need one", named(o), o.results().size());
  for (const CLI::Option* other : verb.get_options()) {
    if (is(e, CLI::ExcludesError(o.get_name(), other->get_name())))
      return fmt::format("got both {} and {}, need one of them", named(o), named(*other));
    if (is(e, CLI::RequiresError(o.get_name(), other->get_name())))
      return fmt::format("got {} without {}, need both", named(o), named(*other));
  }
  return "";
}

}

std::vector<std::string> names_of_verbs(const CLI::App& program) {
  std::vector<std::string> verbs;
  for (const CLI::App* verb : program.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(verb->get_name());
  return verbs;
}

std::string unknown_verb(const CLI::App& program, const std::string& called, const std::string& word) {
  const std::vector<std::string> verbs = names_of_verbs(program);
  return fmt::format("{} has no verb '{}'{} (there are: {})", called, word, did_you_mean(word, verbs),
                     fmt::join(verbs, ", "));
}

std::string argument_problem(const CLI::App& program, const CLI::ParseError& e) {
  std::vector<const CLI::App*> verbs{&program};
  while (!verbs.back()->get_subcommands().empty()) verbs.push_back(verbs.back()->get_subcommands().front());
  const CLI::App& last = *verbs.back();
  std::string called;
  for (const CLI::App* verb : verbs) {
    called += (called.empty() ? "" : " ") + verb->get_name();
    if (const std::string text = unexpected(*verb, called, last); !text.empty()) return on_one_line(text) + "\n";
  }
  if (is(e, CLI::RequiredError::Subcommand(1)))
    return fmt::format("{} needs a verb behind it; {} --help lists them\n", called, called);
  for (const CLI::Option* o : last.get_options())
    if (const std::string text = about_option(last, *o, e); !text.empty())
      return fmt::format("{}: {}\n", called, on_one_line(text));
  return fmt::format("{}: {}\n", called, on_one_line(e.what()));  // a check of argument_checks.hpp
}

}
