// Checks of arguments that CLI11 lacks: of a number of things, of which CLI11 tells the largest
// double digit by digit, and of a name, which an unset variable of a shell leaves empty.
#pragma once

#include <CLI/CLI.hpp>

namespace noneq {

// As many as a parameter of a plugin may be, so that no sum of two of them overflows.
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

inline CLI::Validator not_empty() {
  return {
      [](std::string& text) { return text.empty() ? std::string("got '', need the name of a file") : std::string(); },
      ""};
}

}
