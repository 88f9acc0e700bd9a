// The line of a file that a problem is about, for people: the line as it stands, and a caret under the word.
// One collection, one thread; it keeps the files it has read.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "noneq/core/error.hpp"

namespace noneq::config {

struct excerpt_style {
  std::size_t columns = 100;  // of a whole line; a longer one is cut around the word
  bool colour = false;        // with the escape sequences of a terminal
};

class excerpts {
 public:
  explicit excerpts(excerpt_style style = {}) : style_(style) {}

  // Returns two indented lines, each with its end:
  //       5 |   schedule: {plugin: log_snr, steps: 1}
  //         |                                      ^
  // Tabs are drawn as spaces, characters of two columns and of none are counted as such, and bytes that are no text
  // are replaced. Returns "" when the place has no line, or its file cannot be read a second time, as a pipe.
  std::string of(const place& where);

 private:
  const std::vector<std::string>& lines_of(const std::string& file);

  const excerpt_style style_;
  std::map<std::string, std::vector<std::string>> read_;
};

}
