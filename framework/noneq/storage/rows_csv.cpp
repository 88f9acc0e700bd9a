// Rows of numbers as text, separated by commas, semicolons, tabs or spaces. A first line without numbers is a heading;
// empty lines and those that begin with '#' are left out. Whole numbers become int64, others float64.
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "noneq/storage/row_formats.hpp"

namespace noneq {
namespace {

constexpr std::string_view between = ",; \t\r";

class csv_rows : public row_file {
 public:
  explicit csv_rows(const std::filesystem::path& file) : file_(file) {
    // Once through the file, to know the type and that all is well.
    bool whole = true;
    std::vector<double> row;
    for (start(); read(row);)
      for (const double x : row) whole &= std::floor(x) == x && std::abs(x) < 9e15;
    if (columns_ == 0) throw error(file_.string() + ": has no rows of numbers, need some");
    dtype = whole ? at::kLong : at::kDouble;
    if (columns_ > 1) shape = {static_cast<std::int64_t>(columns_)};
    start();
  }

  Tensor next(std::int64_t most) override {
    std::vector<double> all, row;
    std::int64_t n = 0;
    for (; n < most && read(row); ++n) all.insert(all.end(), row.begin(), row.end());
    sizes result = shape;
    result.insert(result.begin(), n);
    return at::tensor(at::ArrayRef<double>(all), at::kDouble).reshape(result).to(dtype);
  }

 private:
  void start() {
    in_ = std::make_unique<byte_stream>(file_);
    line_ = 0;
    first_ = true;
  }

  // The next row; false at the end.
  bool read(std::vector<double>& row) {
    for (std::string text; in_->line(text);) {
      ++line_;
      const std::string wrong = parse(text, row);
      if (wrong.empty() && row.empty()) continue;
      const bool first = std::exchange(first_, false);
      if (first && !wrong.empty()) continue;
      if (!wrong.empty()) throw error(fmt::format("{}:{}: got '{}', need a number", file_.string(), line_, wrong));
      if (columns_ == 0) columns_ = row.size();
      if (row.size() != columns_)
        throw error(fmt::format("{}:{}: got {} numbers, need {} as in the rows before", file_.string(), line_,
                                row.size(), columns_));
      return true;
    }
    return false;
  }

  // The numbers of a line; returns the first word that is none.
  static std::string parse(std::string_view text, std::vector<double>& row) {
    row.clear();
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    if (text.starts_with('#')) return "";
    for (;;) {
      const auto begin = text.find_first_not_of(between);
      if (begin == text.npos) return "";
      text.remove_prefix(begin);
      const std::string_view word = text.substr(0, text.find_first_of(between));
      double x = 0;
      const auto [end, failed] = std::from_chars(word.data() + (word[0] == '+'), word.data() + word.size(), x);
      if (failed != std::errc{} || end != word.data() + word.size()) return std::string(word.substr(0, 40));
      row.push_back(x);
      text.remove_prefix(word.size());
    }
  }

  const std::filesystem::path file_;
  std::unique_ptr<byte_stream> in_;
  std::int64_t line_ = 0;
  std::size_t columns_ = 0;
  bool first_ = true;  // nothing but empty lines so far
};

}

std::unique_ptr<row_file> open_csv(const std::filesystem::path& file) { return std::make_unique<csv_rows>(file); }

}
