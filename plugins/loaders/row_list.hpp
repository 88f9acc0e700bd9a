// Rows of a table in an order: a slice by Python's rules, or a list of numbers. A value; copies share the list.
#pragma once

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <vector>

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace shipped {

class row_list {
 public:
  row_list() = default;
  // Rows first, first + step, …
  row_list(std::int64_t first, std::int64_t step, std::int64_t count) : first_(first), step_(step), count_(count) {}
  explicit row_list(std::vector<std::int64_t> numbers)
      : count_(static_cast<std::int64_t>(numbers.size())),
        numbers_(std::make_shared<const std::vector<std::int64_t>>(std::move(numbers))) {}
  static row_list all(std::int64_t rows) { return {0, 1, rows}; }

  std::int64_t count() const { return count_; }
  std::int64_t at(std::int64_t k) const {
    return numbers_ ? (*numbers_)[static_cast<std::size_t>(first_ + k)] : first_ + step_ * k;
  }
  // Returns whether the rows follow one another.
  bool is_run() const { return !numbers_ && (step_ == 1 || count_ == 1); }

  // Returns entries [first, first + count) of this list.
  row_list part(std::int64_t first, std::int64_t count) const {
    row_list some = *this;
    some.first_ += numbers_ ? first : step_ * first;
    some.count_ = count;
    return some;
  }

  // Returns entries `chosen` of this list, numbers from 0.
  row_list entries(const std::vector<std::int64_t>& chosen) const {
    std::vector<std::int64_t> rows;
    rows.reserve(chosen.size());
    for (const std::int64_t k : chosen) rows.push_back(at(k));
    return row_list(std::move(rows));
  }

 private:
  std::int64_t first_ = 0, step_ = 1, count_ = 0;
  std::shared_ptr<const std::vector<std::int64_t>> numbers_;
};

// Returns the rows that "first:end:step" names of a table of so many, as Python does; nothing when the text is no
// slice. Throws noneq::error for a step of 0 and numbers beyond 64 bits.
inline std::optional<row_list> sliced(const std::string& text, std::int64_t rows) {
  if (text.find(':') == text.npos || text.find_first_not_of("0123456789+-: ") != text.npos) return {};
  const auto wrong = [&](const char* need) { return noneq::error("got '" + text + "', need " + need, "rows"); };
  std::vector<std::optional<std::int64_t>> numbers(1);
  std::string digits;
  const auto close = [&] {
    if (digits.empty()) return;
    std::int64_t n = 0;
    const char *begin = digits.data() + (digits[0] == '+'), *end = digits.data() + digits.size();
    if (const auto read = std::from_chars(begin, end, n); read.ec != std::errc() || read.ptr != end)
      throw wrong("a slice first:end:step of integers");
    numbers.back() = n;
    digits.clear();
  };
  for (const char c : text) {
    if (c == ':')
      close(), numbers.emplace_back();
    else if (c != ' ')
      digits += c;
  }
  close();
  if (numbers.size() > 3) throw wrong("a slice first:end:step of integers");
  numbers.resize(3);
  const std::int64_t step = numbers[2].value_or(1);
  if (step == 0) throw wrong("a step other than 0");
  if (step > rows || step < -rows) numbers[2] = step < 0 ? -rows : rows;  // no product overflows
  const std::int64_t least = step < 0 ? -1 : 0, most = step < 0 ? rows - 1 : rows, by = numbers[2].value_or(1);
  const auto place = [&](const std::optional<std::int64_t>& n, std::int64_t otherwise) {
    if (!n) return otherwise;
    return std::clamp(*n < 0 && *n >= -rows ? *n + rows : *n < 0 ? least : *n, least, most);
  };
  const std::int64_t first = place(numbers[0], step < 0 ? most : least),
                     end = place(numbers[1], step < 0 ? least : most);
  const std::int64_t count = by > 0 ? (end - first + by - 1) / by : (first - end - by - 1) / -by;
  return row_list(first, by, std::max<std::int64_t>(0, count));
}

}
