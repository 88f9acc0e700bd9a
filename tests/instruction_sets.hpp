// The instruction sets that Highway compiles kernels for and chooses among as the program runs.
#pragma once

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <hwy/targets.h>

#include "doctest.hpp"

namespace testing {

// From the plainest, which every machine runs, to the widest.
inline std::vector<std::int64_t> compiled_targets() {
  std::vector<std::int64_t> targets;
  for (int bit = 62; bit >= 0; --bit)
    if (const std::int64_t target = std::int64_t{1} << bit; (HWY_TARGETS & target) != 0) targets.push_back(target);
  return targets;
}

inline bool runs_here(std::int64_t target) {
  return target == HWY_STATIC_TARGET || (hwy::SupportedTargets() & target) != 0;
}

// Runs f once for each of them that this machine has.
template <class F>
void on_each_target(F f) {
  for (const std::int64_t target : compiled_targets()) {
    hwy::SetSupportedTargetsForTest(0);
    if (!runs_here(target)) continue;
    hwy::SetSupportedTargetsForTest(target);
    CAPTURE(hwy::TargetName(target));
    f();
  }
  hwy::SetSupportedTargetsForTest(0);
}

// Prints which instruction sets no test of a room ran on: Highway's, and `more`. ctest shows a test that prints this as
// skipped, so that nobody takes silence for a pass.
inline void print_untested(const std::vector<std::string>& more = {}) {
  std::string names;
  const auto add = [&](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  for (const std::int64_t target : compiled_targets())
    if (!runs_here(target)) add(hwy::TargetName(target));
  for (const std::string& name : more) add(name);
  std::cout << (names.empty() ? "every instruction set is tested on this machine"
                              : "not tested on this machine: " + names)
            << std::endl;
}

}
