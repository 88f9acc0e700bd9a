#include "noneq/config/keys.hpp"

#include <algorithm>

#include "noneq/core/error.hpp"

namespace noneq::config {

const value& nearest_at(const value& top, std::string_view path) {
  const value* at = &top;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find_first_of(".["), path.size());
    const value* below = at->find(path.substr(0, end));
    if (below == nullptr) break;
    at = below;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return *at;
}

std::vector<std::string> unknown_keys(const value& map, const std::vector<std::string>& known) {
  std::vector<std::string> unknown;
  for (const auto& [key, v] : map.entries())
    if (std::ranges::find(known, key) == known.end()) unknown.push_back(key);
  return unknown;
}

bool is_mistyped(const value& map, std::string_view key, const std::vector<std::string>& known) {
  return map.find(key) == nullptr && std::ranges::any_of(unknown_keys(map, known), [&](const std::string& unknown) {
           return closest_to(unknown, known) == key;
         });
}

// Only in braces, that is on one line, do keys follow one another without a ':'.
bool is_of_list(const value& map, const std::string& key) {
  if (map.find(key)->type() != value::kind::null) return false;
  const int line = map.key_place(key).line;
  return std::ranges::any_of(map.entries(), [&](const value::entry& other) {
    return other.first != key && map.key_place(other.first).line == line;
  });
}

std::string remedy_of_key(const value& map, const std::string& key, const std::vector<std::string>& known) {
  if (key.find(':') != key.npos && map.find(key)->is_null()) return "; need a space behind the ':'";
  const std::string close = did_you_mean(key, known);
  if (!close.empty() || !is_of_list(map, key)) return close;
  return "; it has no value: is it one of a list, which needs brackets, as in [1, 2]?";
}

}
