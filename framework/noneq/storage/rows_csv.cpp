// Rows of numbers as text, separated by semicolons, tabs, commas or spaces. A first line without any number is a
// heading; empty lines and those that begin with '#' are left out. Whole numbers become int64, others float64. A line
// with two possible meanings is refused with its number: an empty cell, a decimal comma, a first line of numbers and
// words.
#include <charconv>
#include <cmath>

#include <csv.h>
#include <fmt/format.h>

#include "noneq/storage/detail/row_formats.hpp"
#include "noneq/storage/json_text.hpp"

namespace noneq::storage {
namespace {

constexpr std::string_view blank = " \t";
constexpr std::size_t most_cells = 1'000'000;                 // of a row
constexpr std::size_t longest_quoted = std::size_t{1} << 20;  // bytes of a row on several lines: a quote may be missing

// A line that holds neither cells nor a comment is skipped; so is the mark that some programs put before UTF-8.
std::string_view content_of(std::string_view text, std::int64_t line) {
  if (line == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(blank);
  return first == text.npos || text[first] == '#' ? std::string_view() : text;
}

// The second line with content decides, since the first may be a heading of any words.
char separator_of(const std::filesystem::path& file) {
  byte_stream in(file);
  char found = ',';
  int lines = 0;
  std::int64_t line = 0;
  for (std::string text; lines < 2 && in.line(text);) {
    const std::string_view all = content_of(text, ++line);
    if (all.empty()) continue;
    ++lines;
    const std::string_view inner = all.substr(all.find_first_not_of(' '), all.find_last_not_of(' ') + 1);
    if (lines == 2 && found == ' ') found = ',';  // spaces within the heading of one column
    for (const char c : {' ', ',', '\t', ';'})
      if (inner.find(c) != inner.npos) found = c;
  }
  return found;
}

struct csv_line {
  std::int64_t number = 0;  // in the file, from 1; that of its last part when a quoted cell covers several
  std::vector<std::string> cells;
  bool ended = false, too_many = false;
};

// The lines of a file with content, split into cells by libcsv.
class csv_lines {
 public:
  csv_lines(const std::filesystem::path& file, char separator) : in_(file), separator_(separator) {
    csv_init(&parser_, CSV_STRICT);
    csv_set_delim(&parser_, static_cast<unsigned char>(separator));
  }
  csv_lines(csv_lines&&) = delete;
  ~csv_lines() { csv_free(&parser_); }

  std::int64_t bytes_read() const { return in_.bytes_read(); }

  bool next(csv_line& into) {
    into.cells.clear();
    into.ended = true;  // between lines
    std::size_t held = 0;
    for (std::string text; in_.line(text);) {
      ++line_;
      std::string bytes(into.ended ? content_of(text, line_) : text);
      if (into.ended && bytes.empty()) continue;
      bytes += '\n';
      into.ended = false;
      into.number = line_;
      if (csv_parse(&parser_, bytes.data(), bytes.size(), take_cell, end_line, &into) != bytes.size())
        throw error(
            fmt::format("{}:{}: got a quote within a cell, need quotes around all of it or none", in_.name(), line_));
      if (into.too_many)
        throw error(fmt::format("{}:{}: got more than {} cells in a row, need fewer", in_.name(), line_, most_cells));
      held += bytes.size();
      if (!into.ended && held > longest_quoted) break;
      if (!into.ended) continue;
      if (separator_ == ' ') std::erase(into.cells, "");  // several spaces separate as one does
      if (into.cells.empty()) into.cells.emplace_back();  // quotes with nothing in them
      return true;
    }
    if (!into.ended)
      throw error(fmt::format("{}:{}: got a quoted cell without an end, need a quote behind it", in_.name(), line_));
    return false;
  }

 private:
  static void take_cell(void* text, std::size_t size, void* line) {
    csv_line& into = *static_cast<csv_line*>(line);
    into.too_many = into.too_many || into.cells.size() == most_cells;
    if (!into.too_many) into.cells.emplace_back(static_cast<const char*>(text), size);
  }
  static void end_line(int, void* line) { static_cast<csv_line*>(line)->ended = true; }

  byte_stream in_;
  csv_parser parser_{};
  const char separator_;
  std::int64_t line_ = 0;
};

struct csv_number {
  double value = 0;
  std::optional<std::int64_t> whole;
};

template <class Number>
std::errc convert(std::string_view word, Number& into) {
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), into);
  return end == word.data() + word.size() ? failed : std::errc::invalid_argument;
}

// Returns nothing for text that is no number, or none that float64 or int64 can hold.
std::optional<csv_number> number_of_cell(std::string_view word) {
  if (word.size() > 1 && word[0] == '+' && word[1] != '-') word.remove_prefix(1);
  csv_number x;
  if (std::int64_t whole = 0; convert(word, whole) == std::errc{}) return csv_number{static_cast<double>(whole), whole};
  if (convert(word, x.value) != std::errc{}) return {};
  if (std::floor(x.value) == x.value && std::abs(x.value) < 9e15) x.whole = static_cast<std::int64_t>(x.value);
  return x;
}

std::string with_point(std::string cell) {
  std::replace(cell.begin(), cell.end(), ',', '.');
  return cell;
}

bool stands_for_a_number(const std::string& cell) {
  for (const std::string_view missing : {"", "NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "-", "?", "."})
    if (cell == missing) return true;
  double beyond = 0;
  return number_of_cell(with_point(cell)) || convert(cell, beyond) == std::errc::result_out_of_range;
}

class csv_rows : public row_file {
 public:
  csv_rows(const std::filesystem::path& file, const bytes_listener& reading)
      : file_(file), separator_(separator_of(file)) {
    // Reads the file once, to find the type and all errors.
    bool whole = true;
    std::int64_t inexact = 0;
    start();
    std::int64_t rows = 0;
    for (std::vector<csv_number> row; read(row); ++rows) {
      if (reading && rows % 1024 == 0) reading(bytes_read());
      for (const csv_number& x : row) {
        whole &= x.whole.has_value();
        if (inexact == 0 && x.whole && std::abs(x.value) >= 0x1p53) inexact = line_.number;
      }
    }
    if (rows == 0) throw error(file_.string() + ": has no rows of numbers, need some");
    if (!whole && inexact > 0)
      throw error(
          fmt::format("{}:{}: got a whole number of 2^53 or more in a file with fractions, need numbers that float64 "
                      "holds",
                      file_.string(), inexact));
    dtype = whole ? at::kLong : at::kDouble;
    if (columns_ > 1) shape = {static_cast<std::int64_t>(columns_)};
    start();
  }

  Tensor next(std::int64_t most) override {
    std::vector<csv_number> all, row;
    std::int64_t n = 0;
    for (; n < most && read(row); ++n) all.insert(all.end(), row.begin(), row.end());
    sizes result = shape;
    result.insert(result.begin(), n);
    const Tensor rows = at::empty(result, dtype);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (dtype != at::kLong)
        rows.data_ptr<double>()[i] = all[i].value;
      else if (all[i].whole)
        rows.data_ptr<std::int64_t>()[i] = *all[i].whole;
      else
        throw error(file_.string() + ": changed while it was read, need it to stay as it is");
    return rows;
  }

  std::int64_t bytes_read() const override { return in_->bytes_read(); }

 private:
  void start() {
    in_ = std::make_unique<csv_lines>(file_, separator_);
    first_ = true;
  }

  // The next row; false at the end.
  bool read(std::vector<csv_number>& row) {
    while (in_->next(line_)) {
      row.clear();
      std::optional<std::size_t> wrong;
      for (std::size_t i = 0; i < line_.cells.size(); ++i)
        if (const auto x = number_of_cell(line_.cells[i]))
          row.push_back(*x);
        else if (!wrong)
          wrong = i;
      if (std::exchange(first_, false) && row.empty()) {
        take_heading();
        continue;
      }
      if (wrong) refuse(*wrong);
      if (columns_ == 0) columns_ = row.size();
      if (row.size() != columns_)
        throw line_error(heading_ > 0
                             ? fmt::format("got {} numbers, need {} as the heading of line {} has names", row.size(),
                                           columns_, heading_)
                             : fmt::format("got {} numbers, need {} as in the rows before", row.size(), columns_));
      return true;
    }
    return false;
  }

  // Numbers that were not understood are no heading, nor are the words that stand for numbers which are missing.
  void take_heading() {
    if (std::all_of(line_.cells.begin(), line_.cells.end(), stands_for_a_number)) refuse(0);
    for (std::size_t i = 0; i < line_.cells.size(); ++i)
      if (line_.cells[i].empty())
        throw line_error(
            fmt::format("got a heading without a name for column {}, need one for each: leave out row names "
                        "and trailing separators (pandas: index=False; R: row.names=FALSE)",
                        i + 1));
    if (separator_ == ' ') return;  // names may hold spaces themselves
    columns_ = line_.cells.size();
    heading_ = line_.number;
  }

  [[noreturn]] void refuse(std::size_t at) const {
    const std::string& cell = line_.cells[at];
    const std::string subject = fmt::format("got {} in column {}", in_quotes(cell), at + 1);
    if (cell.empty()) throw line_error(fmt::format("got an empty cell in column {}, need a number", at + 1));
    double beyond = 0;
    if (convert(cell, beyond) == std::errc::result_out_of_range)
      throw line_error(subject + ", need a number that float64 holds");
    if (with_point(cell) != cell && number_of_cell(with_point(cell)))
      throw line_error(subject + ", which may be a decimal comma; need numbers with a decimal point");
    throw line_error(subject + ", need a number");
  }

  error line_error(const std::string& what) const {
    return error(fmt::format("{}:{}: {}", file_.string(), line_.number, what));
  }

  const std::filesystem::path file_;
  const char separator_;
  std::unique_ptr<csv_lines> in_;
  csv_line line_;
  std::size_t columns_ = 0;
  std::int64_t heading_ = 0;  // its line; 0: none
  bool first_ = true;         // no line with content so far
};

}

std::unique_ptr<row_file> open_csv(const std::filesystem::path& file, const bytes_listener& reading) {
  return std::make_unique<csv_rows>(file, reading);
}

}
