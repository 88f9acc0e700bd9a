// Checks of arguments that CLI11 lacks. at_least_one() stands for CLI11's own, whose messages print the largest double
// digit by digit; not_empty() refuses the empty name that an unset variable of a shell leaves.
#pragma once

#include <CLI/CLI.hpp>

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
