// Checks of arguments. They stand for CLI11's own, whose messages differ from version to version, and print the largest
// double digit by digit; not_empty() refuses the empty name that an unset variable of a shell leaves.
#pragma once

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "noneq/core/error.hpp"

namespace noneq::app {

// The largest number that a parameter of a plugin may have, so that no sum of two of them overflows.
constexpr std::int64_t most_things = 1'000'000'000'000;

inline CLI::Validator at_least_one() {
  return {[](std::string& text) {
            std::int64_t n = 0;
            if (!CLI::detail::lexical_cast(text, n) || n < 1) return "got " + text + ", need an integer of at least 1";
            return n <= most_things ? std::string()
                                    : "got " + text + ", need an integer of at most " + std::to_string(most_things);
          },
          "INTEGER of at least 1"};
}

inline CLI::Validator integer_from(std::int64_t least, std::int64_t most) {
  const std::string wanted = "from " + std::to_string(least) + " to " + std::to_string(most);
  return {[=](std::string& text) {
            std::int64_t n = 0;
            const bool there = CLI::detail::lexical_cast(text, n) && n >= least && n <= most;
            return there ? std::string() : "got " + text + ", need an integer " + wanted;
          },
          "INTEGER " + wanted};
}

inline CLI::Validator positive() {
  return {[](std::string& text) {
            double x = 0;
            const bool there = CLI::detail::lexical_cast(text, x) && x > 0;
            return there ? std::string() : "got " + text + ", need a number above 0";
          },
          "above 0"};
}

// Completions and the manual page find the choices in the braces.
inline CLI::Validator one_of(std::vector<std::string> choices) {
  const std::string all = fmt::format("{}", fmt::join(choices, ","));
  return {[choices](std::string& text) {
            if (std::find(choices.begin(), choices.end(), text) != choices.end()) return std::string();
            return fmt::format("got '{}', need one of {}{}", text, fmt::join(choices, ", "),
                               did_you_mean(text, choices));
          },
          "{" + all + "}"};
}

// Adds --threads.
inline CLI::Option* add_threads(CLI::App& verb, int& threads) {
  return verb.add_option("--threads", threads, "worker threads (default: all of the machine)")
      ->check(integer_from(1, 1024));
}

// Adds --quiet to a verb that shows how far it is.
inline void add_quiet(CLI::App& verb, bool& quiet) {
  verb.add_flag("--quiet", quiet, "do not show how far the work is");
}

inline CLI::Validator not_empty() {
  return {
      [](std::string& text) { return text.empty() ? std::string("got '', need the name of a file") : std::string(); },
      ""};
}

}
