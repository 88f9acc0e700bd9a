#include "noneq/config/emit.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "noneq/config/detail/quote.hpp"

namespace noneq::config {

namespace {

constexpr std::size_t widest = 100;       // columns of a line that holds a flow list or map
constexpr std::size_t most_entries = 5;   // of a map on one line
constexpr std::size_t longest_key = 128;  // bytes; the parser's limit

std::string key_text(const std::string& key) {
  if (key.size() > longest_key)
    throw error(fmt::format("got a key of {} bytes, need at most {}", key.size(), longest_key));
  return quoted_if_needed(key, true);
}

bool is_leaf(const value& v) {
  return v.is_null() || v.is_scalar() || (v.is_list() && v.items().empty()) || (v.is_map() && v.entries().empty());
}

std::string leaf(const value& v) {
  if (v.is_null()) return "null";
  if (v.is_list()) return "[]";
  if (v.is_map()) return "{}";
  return quoted_if_needed(v.text(), v.is_text());
}

// `v` on one line; nullopt when that would be no easier to read than a block. A map holds leaves and flat lists, a
// list holds leaves and flat lists.
std::optional<std::string> flow(const value& v, bool inner = false) {
  if (is_leaf(v)) return leaf(v);
  if (v.is_map() && (inner || v.entries().size() > most_entries)) return std::nullopt;
  if (inner && !std::all_of(v.items().begin(), v.items().end(), is_leaf)) return std::nullopt;
  std::string line;
  const auto append = [&line](const std::string& text) { line += (line.empty() ? "" : ", ") + text; };
  for (const value& item : v.items()) {
    const auto text = flow(item, true);
    if (!text || line.size() > widest) return std::nullopt;
    append(*text);
  }
  for (const auto& [key, below] : v.entries()) {
    const auto text = flow(below, true);
    if (!text || line.size() > widest) return std::nullopt;
    append(key_text(key) + ": " + *text);
  }
  return v.is_list() ? "[" + line + "]" : "{" + line + "}";
}

void block(const value& v, std::size_t indent, std::string& out);

// Writes the text behind "key:" or "-": a leaf or flow on the same line, or a block below.
void after(const value& v, std::size_t indent, std::size_t used, std::string& out) {
  const auto line = flow(v);
  if (line && (is_leaf(v) || used + 1 + line->size() <= widest)) {
    out += " " + *line + "\n";
    return;
  }
  out += "\n";
  block(v, indent + 2, out);
}

void block(const value& v, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  for (const value& item : v.items()) {
    out += margin + "-";
    after(item, indent, indent + 1, out);
  }
  for (const auto& [key, below] : v.entries()) {
    const std::string start = margin + key_text(key) + ":";
    out += start;
    after(below, indent, start.size(), out);
  }
}

}

std::string to_yaml(const value& v) {
  if (is_leaf(v)) return leaf(v) + "\n";
  std::string out;
  block(v, 0, out);
  return out;
}

}
