// Numbers beside an axis, in a form in which neighbouring marks differ however far from 0 they lie.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace shipped {

// The digits that marks from low to high need: gnuplot puts them about a tenth of the way apart.
inline int digits_of_marks(double low, double high) {
  const double largest = std::max(std::abs(low), std::abs(high)), step = (high - low) / 10;
  if (!(step > 0) || !std::isfinite(largest)) return 6;
  const double digits = std::floor(std::log10(largest)) - std::floor(std::log10(step)) + 1;
  return static_cast<int>(std::clamp(digits, 6., 17.));
}

// 1, 2 or 5 times a power of ten: so far apart are at most `most` marks along a length.
inline double step_of_marks(double length, int most) {
  const double least = length / most, power = std::pow(10, std::floor(std::log10(least)));
  for (const double step : {1., 2., 5.})
    if (step * power >= least) return step * power;
  return 10 * power;
}

// gnuplot's format for them.
inline std::string format_of_marks(double low, double high) {
  return "%." + std::to_string(digits_of_marks(low, high)) + "g";
}

// A round number near the axis that is taken from every number where there is no room for marks of so many digits; 0
// where marks are short.
inline double offset_of_marks(double low, double high) {
  if (digits_of_marks(low, high) <= 6) return 0;
  const double unit = std::pow(10, std::ceil(std::log10(high - low)));
  return std::round((low + high) / 2 / unit) * unit;
}

// In as few digits as bring it back.
inline std::string shortest(double x) {
  char text[std::numeric_limits<double>::max_digits10 + 10];
  return {text, std::to_chars(text, text + sizeof text, x).ptr};
}

}
