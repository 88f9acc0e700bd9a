// A plugin that keeps every law of its role but the one that its parameter names, so that a test sees each law broken.
#pragma once

#include <atomic>
#include <string>

#include "noneq/plugin/description.hpp"

namespace testing {

template <class Role>
struct faulty : Role {
  std::string breaks = "none";

  bool is(const char* fault) const { return breaks == fault; }
  // 0, 1, 2, …, another number at each call.
  static double other_each_time() {
    static std::atomic<int> calls{0};
    return calls++;
  }

  template <class P>
  static void describe_fault(noneq::description<P>& d) {
    d.doc("Breaks one law of its role.").param("breaks", &P::breaks, "which one");
  }
};

}
