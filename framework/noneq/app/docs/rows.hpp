// Rows of a reference: names with anchors, their words and their docs. They are no tables, so that a phone has room for
// them. Pure; thread-safe.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace noneq::app {

struct row_words {
  std::string anchor, name, words, doc;
};

// An element with the row; texts are escaped.
std::string row_html(const row_words& r);

// "<h3>title</h3>" and the rows; "" when there are none.
std::string rows_html(const std::string& title, const std::string& rows);

// A list with a title that unfolds.
std::string folded(const std::string& title, const std::string& html);

}
