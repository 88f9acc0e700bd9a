#include "noneq/config/overrides.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "noneq/config/detail/tree_builder.hpp"
#include "noneq/config/detail/yaml_text.hpp"
#include "noneq/config/parse.hpp"

namespace noneq::config {

namespace {

// A pipeline is stored with what was set in it, and read back: no key may stand in it that a file could not have.
void need_key(const std::string& name, const place& at) {
  if (name.size() > tree_builder::longest_key)
    throw error(
        fmt::format("got a name of {} bytes in the path, need at most {}", name.size(), tree_builder::longest_key), {},
        at);
  if (!yaml_text::is_utf8(name)) throw error("got a name in the path that is not UTF-8, need UTF-8", {}, at);
}

std::vector<std::string> split(const std::string& path, const place& at) {
  std::vector<std::string> names;
  for (std::size_t from = 0; from <= path.size();) {
    const std::size_t dot = std::min(path.find('.', from), path.size());
    if (dot == from) throw error("got an empty name in the path, need a.b.c=value", {}, at);
    names.push_back(path.substr(from, dot - from));
    need_key(names.back(), at);
    from = dot + 1;
  }
  return names;
}

value parsed(const std::string& text, const place& at) {
  value v;
  try {
    v = parse_text(text, at.file);
  } catch (const error& e) {
    // A line and column in a single command line argument would only puzzle.
    throw error(e.message(), {}, at);
  }
  v.set_where_all(at);
  return v;
}

value& item_of(value& list, const std::string& name, const place& at) {
  std::size_t index = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (failed != std::errc{} || end != name.data() + name.size() || index >= list.items().size())
    throw error(list.items().empty()
                    ? fmt::format("got index '{}' into an empty list", name)
                    : fmt::format("got index '{}' into a list, need 0 to {}", name, list.items().size() - 1),
                {}, at);
  return list.item(index);
}

// Returns the value of `name` below `parent`; `so_far` is the path to the parent, for messages.
value& step(value& parent, const std::string& name, const std::string& so_far, const place& at) {
  if (parent.is_list()) return item_of(parent, name, at);
  if (parent.is_scalar()) {
    if (!parent.is_text())
      throw error(fmt::format("{} is {}, need a map to set '{}' in", so_far, parent.kind_name(), name), {}, at);
    value plugin = value::map();
    plugin.set_where(parent.where());
    const place key_at = parent.where();
    plugin.set("plugin", std::move(parent), key_at);
    parent = std::move(plugin);
  }
  if (parent.is_null() && parent.where().str().empty()) parent.set_where(at);
  const bool added = !parent.contains(name);
  value& below = parent.child(name);
  if (added) parent.set(name, value{}, at);
  return below;
}

// Removes the value at the path, so that its default holds again. `given`: in words, for messages.
void unset(value& root, const std::vector<std::string>& names, const char* given, const place& at) {
  value* parent = &root;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    value* below = parent->find(names[i]);
    if (parent->is_list() && last)
      throw error("got an item of a list to take out, need the whole list without it: a.b=[…]", {}, at);
    if (parent->is_list()) below = &item_of(*parent, names[i], at);
    if (!below) {
      std::vector<std::string> there;
      for (const auto& [key, v] : parent->entries()) there.push_back(key);
      throw error(fmt::format("got {}, which takes out what is set, but '{}' is not set{}", given, names[i],
                              did_you_mean(names[i], there)),
                  {}, at);
    }
    if (last) parent->remove(names[i]);
    parent = below;
  }
}

}

void apply_override(value& root, const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  const place at{"--set " + path, 0, 0};
  if (equals == std::string::npos) throw error("got no '=', need a.b.c=value", {}, at);
  if (path.empty())
    throw error("got no path before '=', need a.b.c=value", {}, {"--set " + first_line(assignment), 0, 0});
  const std::vector<std::string> names = split(path, at);
  const std::string text = assignment.substr(equals + 1);
  // As in a file that extends another, null takes out what is set.
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return unset(root, names, "nothing after '='", at);
  value given = parsed(text, at);
  if (given.is_null()) return unset(root, names, "null", at);
  if (static_cast<int>(names.size()) + tree_builder::depth_of(given) > tree_builder::deepest)
    throw error(fmt::format("got more than {} levels of lists and maps, need a shorter path", tree_builder::deepest),
                {}, at);

  value changed = root;
  value* target = &changed;
  std::string so_far;
  for (const std::string& name : names) {
    target = &step(*target, name, so_far.empty() ? "the file" : so_far, at);
    so_far += (so_far.empty() ? "" : ".") + name;
  }
  *target = std::move(given);
  root = std::move(changed);
}

}
