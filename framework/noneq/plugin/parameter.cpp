#include "noneq/plugin/parameter.hpp"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq {

std::string limits::text() const {
  if (!choices.empty()) return fmt::format("one of {}", fmt::join(choices, ", "));
  if (std::isfinite(low) && std::isfinite(high))
    return fmt::format("a value in {}{}, {}{}", low_open ? '(' : '[', low, high, high_open ? ')' : ']');
  if (std::isfinite(low)) return fmt::format("a value {} {}", low_open ? "above" : "of at least", low);
  if (std::isfinite(high)) return fmt::format("a value {} {}", high_open ? "below" : "of at most", high);
  return "";
}

bool holds_paths(const parameter& p) {
  return p.type == type_words<std::filesystem::path>() || p.type == type_words<std::vector<std::filesystem::path>>();
}

limits merged(std::initializer_list<limits> all) {
  limits m;
  for (const limits& l : all) {
    if (l.low > m.low) m.low = l.low, m.low_open = l.low_open;
    if (l.high < m.high) m.high = l.high, m.high_open = l.high_open;
    m.required |= l.required;
    if (!l.choices.empty()) m.choices = l.choices;
  }
  return m;
}

}
