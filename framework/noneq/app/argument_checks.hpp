// Checks of arguments. They stand for CLI11's own, whose messages differ from version to version, and print the largest
// double digit by digit; not_empty() refuses the empty name that an unset variable of a shell leaves.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "noneq/core/error.hpp"
#include "noneq/core/whole_number.hpp"

namespace noneq::app {

// The largest number that a parameter of a plugin may have, so that no sum of two of them overflows.
constexpr std::int64_t most_things = 1'000'000'000'000;

// Refuses all but integers of this interval; `need` states it, and `type` stands in --help.
inline CLI::Validator integer(std::int64_t least, std::int64_t most, const std::string& need, const std::string& type) {
  return {[=](std::string& text) {
            const auto n = whole_number(text);
            if (!n || *n < least || *n > most) return fmt::format("got '{}', need an integer {}", text, need);
            text = std::to_string(*n);
            return std::string();
          },
          type};
}

inline CLI::Validator at_least_one() {
  return integer(1, most_things, fmt::format("of at least 1 and at most {}", most_things), "INTEGER of at least 1");
}

inline CLI::Validator integer_from(std::int64_t least, std::int64_t most) {
  const std::string interval = fmt::format("from {} to {}", least, most);
  return integer(least, most, interval, "INTEGER " + interval);
}

inline CLI::Validator a_seed() { return integer(INT64_MIN, INT64_MAX, "of 64 bits", ""); }

inline CLI::Validator positive() {
  return {[](std::string& text) {
            double x = 0;
            const bool there = CLI::detail::lexical_cast(text, x) && x > 0 && std::isfinite(x);
            return there ? std::string() : fmt::format("got '{}', need a number above 0", text);
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
