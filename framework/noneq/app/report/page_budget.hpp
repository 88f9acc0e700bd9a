// The bytes that pictures may take on a page, so that a page of many runs still opens in a browser on a phone. What
// does not fit is named on the page. A value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace noneq::app {

struct page_budget {
  std::int64_t left = std::int64_t{20} << 20;
  std::vector<std::string> left_out = {};

  // Takes so many bytes, or notes that there is no room for `what`. Returns whether there was.
  bool take(const std::string& what, std::int64_t bytes) {
    if (bytes > left) {
      left_out.push_back(what);
      return false;
    }
    left -= bytes;
    return true;
  }
};

}
