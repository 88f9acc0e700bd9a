// What CLI11 checks of a number of things; its own check tells the largest double, digit by digit.
#pragma once

#include <CLI/CLI.hpp>

namespace noneq {

inline CLI::Validator at_least_one() {
  return {[](std::string& text) {
            std::int64_t n = 0;
            return CLI::detail::lexical_cast(text, n) && n >= 1 ? std::string()
                                                                : "got " + text + ", need an integer of at least 1";
          },
          "INTEGER of at least 1"};
}

}
