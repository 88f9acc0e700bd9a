// The time of a schedule: T steps, t = 1..T; or continuous time, in which t may lie anywhere between them too, and
// samplers and metrics use the T steps. In YAML a number, or the word continuous.
#pragma once

#include <cstdint>
#include <string>

#include "noneq/config/read.hpp"

namespace noneq {

struct step_count {
  std::int64_t T;
  bool continuous = false;

  step_count(std::int64_t steps = 1000) : T(steps) {}
  operator std::int64_t() const { return T; }
};

inline void read_into(const config::value& v, step_count& out) {
  out = {};
  if (v.is_scalar() && v.text() == "continuous")
    out.continuous = true;
  else
    try {
      config::read_into(v, out.T);
    } catch (const error&) {
      config::refuse(v, "an integer, or continuous");
    }
}

}
