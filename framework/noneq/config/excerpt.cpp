#include "noneq/config/excerpt.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "noneq/config/detail/cells.hpp"

namespace noneq::config {

namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20;  // of a file; the parser's limit

// Returns the number of cells of the word that begins at `from`: a quoted text, or all up to what ends a plain one.
std::size_t word_length(const std::vector<cell>& cells, std::size_t from) {
  if (from >= cells.size()) return 1;
  const char32_t first = cells[from].character;
  const auto is_end = [&](std::size_t i) {
    const char32_t c = cells[i].character;
    const bool colon = c == ':' && (i + 1 == cells.size() || cells[i + 1].character == ' ');
    return c == ' ' || c == '\t' || c == ',' || c == ']' || c == '}' || colon;
  };
  std::size_t to = from + 1;
  if (first == '{' || first == '[') return 1;
  if (first == '"' || first == '\'') {
    while (to < cells.size() && cells[to].character != first) ++to;
    return std::min(to + 1, cells.size()) - from;
  }
  while (to < cells.size() && !is_end(to)) ++to;
  return to - from;
}

struct window {
  std::size_t begin, end;  // cells
};

// Returns the cells to show: all when they fit, else some before the word and as many behind it as there is room for.
window shown_part(const std::vector<cell>& cells, std::size_t word, std::size_t columns) {
  std::size_t all = 0, before = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) (i < word ? before : all) += cells[i].columns;
  all += before;
  if (all <= columns) return {0, cells.size()};
  const std::size_t room = columns - 2;  // beside the marks of what is left out
  window w{0, 0};
  for (; before > room / 2; ++w.begin) before -= cells[w.begin].columns;
  std::size_t used = 0;
  for (w.end = w.begin; w.end < cells.size() && used + cells[w.end].columns <= room; ++w.end)
    used += cells[w.end].columns;
  return w;
}

}

const std::vector<std::string>& excerpts::lines_of(const std::string& file) {
  const auto [at, is_new] = read_.try_emplace(file);
  std::error_code failed;
  // Opening a pipe again would wait for a writer without end.
  if (!is_new || !std::filesystem::is_regular_file(file, failed)) return at->second;
  std::ifstream in(file, std::ios::binary);
  std::size_t bytes = 0;
  for (std::string line; bytes < most_bytes && std::getline(in, line); bytes += line.size() + 1) {
    if (line.ends_with('\r')) line.pop_back();
    if (at->second.empty() && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // the byte order mark is no column
    at->second.push_back(std::move(line));
  }
  return at->second;
}

std::string excerpts::of(const place& where) {
  if (where.line < 1 || where.col < 1 || where.file.empty()) return "";
  const std::vector<std::string>& lines = lines_of(where.file);
  if (static_cast<std::size_t>(where.line) > lines.size()) return "";
  const std::vector<cell> cells = cells_of(lines[static_cast<std::size_t>(where.line) - 1]);
  // A value that is missing stands behind the end of its line.
  const std::size_t word = std::min(static_cast<std::size_t>(where.col) - 1, cells.size());
  const std::string number = fmt::format("{:>7}", where.line);
  const std::size_t gutter = number.size() + 3;
  const window w = shown_part(cells, word, style_.columns > gutter + 20 ? style_.columns - gutter : 20);
  std::string text, below;
  if (w.begin > 0) text += "…", below += " ";
  for (std::size_t i = w.begin; i < w.end; ++i) text += cells[i].text;
  if (w.end < cells.size()) text += "…";
  for (std::size_t i = w.begin; i < word; ++i) below += std::string(cells[i].columns, ' ');
  std::size_t under = 0;
  for (std::size_t i = word; i < std::min(word + word_length(cells, word), w.end); ++i) under += cells[i].columns;
  const std::string mark = "^" + std::string(std::max<std::size_t>(under, 1) - 1, '~');
  const auto painted = [&](const char* code, const std::string& s) {
    return style_.colour ? fmt::format("\033[{}m{}\033[0m", code, s) : s;
  };
  return fmt::format("{} {}\n{} {}{}\n", painted("34", number + " |"), text,
                     painted("34", std::string(number.size(), ' ') + " |"), below, painted("1;31", mark));
}

}
