#include "noneq/app/argument_problem.hpp"

#include <string_view>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq::app {
namespace {

std::vector<std::string> options_of(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* o : verb.get_options())
    for (const std::string& name : o->get_lnames()) names.push_back("--" + name);
  return names;
}

// The library keeps the values of an option behind it as words of their own, which may fill places of arguments.
std::string unexpected(const CLI::App& verb, const std::string& called, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (!word.starts_with('-')) continue;
    const std::string name = word.substr(0, word.find('='));
    const std::string guess = did_you_mean(name, options_of(verb));
    return fmt::format("{} has no option '{}'{}", called, name,
                       guess.empty() ? fmt::format("; {} --help lists them", called) : guess);
  }
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
  if (is(e, CLI::ConversionError(o.get_name(), o.results())))
    return fmt::format("{}: got {}, need {}", named(o), o.results().back(), kind_of(o));
  if (is(e, CLI::ArgumentMismatch::TypedAtLeast(o.get_name(), 1, o.get_type_name())))
    return fmt::format("{}: got nothing behind it, need {}", named(o), kind_of(o));
  for (const CLI::Option* other : verb.get_options()) {
    if (is(e, CLI::ExcludesError(o.get_name(), other->get_name())))
      return fmt::format("got both {} and {}, need one of them", named(o), named(*other));
    if (is(e, CLI::RequiresError(o.get_name(), other->get_name())))
      return fmt::format("got {} without {}, need both", named(o), named(*other));
  }
  return "";
}

}

std::string argument_problem(const CLI::App& program, const CLI::ParseError& e) {
  const CLI::App* verb = &program;
  std::string called = program.get_name();
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    called += " " + verb->get_name();
  }
  if (const auto words = program.remaining(true); !words.empty()) return unexpected(*verb, called, words) + "\n";
  if (is(e, CLI::RequiredError::Subcommand(1)))
    return fmt::format("{} needs a verb behind it; {} --help lists them\n", called, called);
  for (const CLI::Option* o : verb->get_options())
    if (const std::string text = about_option(*verb, *o, e); !text.empty())
      return fmt::format("{}: {}\n", called, text);
  return fmt::format("{}: {}\n", called, first_line(e.what()));  // the checks of arguments have lines of their own
}

}
