// One number that was measured, with its unit and its error. A value.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace noneq {

struct measured {
  std::string name;
  double value;
  std::string unit;
  double standard_error = std::numeric_limits<double>::quiet_NaN();  // NaN: the value is exact, or its error unknown
  std::string on = "";  // the part of the data: train, validation or test; "": no data, or data without parts
  std::int64_t n = 0;   // samples or rows behind the number, where the pipeline does not show it; 0: not stated
};

}
