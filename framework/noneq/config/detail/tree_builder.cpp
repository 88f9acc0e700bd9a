#include "noneq/config/detail/tree_builder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "noneq/config/detail/quote.hpp"
#include "noneq/config/keys.hpp"

namespace noneq::config {

namespace {

std::size_t size_of(const value& v) {
  std::size_t size = 1;
  for (const value& item : v.items()) size += size_of(item);
  for (const auto& [key, below] : v.entries()) size += size_of(below);
  return size;
}

void check_tag(const std::string& tag, const place& at) {
  if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
  throw error(fmt::format("got the tag '{}', need a value without a tag", shortened(tag)), {}, at);
}

// The named maps of << become entries where it stood; keys of the map itself, and earlier ones, win.
value merged(const value& own, const std::vector<std::pair<std::size_t, value>>& merges, std::size_t most_keys) {
  value all = value::map();
  all.set_where(own.where());
  const auto set = [&](const std::string& key, const value& v, const place& at) {
    if (all.entries().size() >= most_keys)
      throw error(fmt::format("got more than {} keys in one map, need fewer", most_keys), {}, own.where());
    all.set(key, v, at);
  };
  auto next = merges.begin();
  for (std::size_t i = 0; i <= own.entries().size(); ++i) {
    for (; next != merges.end() && next->first == i; ++next)
      for (const auto& [key, v] : next->second.entries())
        if (!own.contains(key) && !all.contains(key)) set(key, v, next->second.key_place(key));
    if (i == own.entries().size()) break;
    const auto& [key, v] = own.entries()[i];
    set(key, v, own.key_place(key));
  }
  return all;
}

}

int tree_builder::depth_of(const value& v) {
  int below = 0;
  for (const value& item : v.items()) below = std::max(below, depth_of(item));
  for (const auto& [key, child] : v.entries()) below = std::max(below, depth_of(child));
  return below + (v.is_list() || v.is_map() ? 1 : 0);
}

void tree_builder::count(std::size_t values, int levels, const place& at) {
  if (static_cast<int>(open_.size()) + levels > deepest)
    throw error(fmt::format("got more than {} levels of lists and maps, need a flatter file", deepest), {}, at);
  values_ += values;
  if (values_ > most_values)
    throw error(fmt::format("got more than {} values (aliases count as often as they are used), need a smaller file",
                            most_values),
                {}, at);
}

void tree_builder::remember(const value& v, anchor name) {
  if (name == 0) return;
  // The copy is counted too: anchors nested in anchors must not cost more memory than the file may have.
  remembered copy{v, size_of(v), depth_of(v)};
  count(copy.size, 0, v.where());
  anchors_[name] = std::move(copy);
}

void tree_builder::take_key(const value& v) {
  if (!v.is_scalar())
    throw error(fmt::format("got {} as a key, need a name{}", v.brief(),
                            v.is_list()  ? " (or is a ']' missing?)"
                            : v.is_map() ? " (or is a '}' missing?)"
                                         : ": quote it if it is text"),
                {}, v.where());
  if (v.text().size() > longest_key)
    throw error(fmt::format("got a key of {} bytes, need at most {}", v.text().size(), longest_key), {}, v.where());
  open_value& map = open_.back();
  if (map.v.entries().size() >= most_keys)
    throw error(fmt::format("got more than {} keys in one map, need fewer", most_keys), {}, v.where());
  map.has_key = true;
  map.key = v.text();
  map.key_at = v.where();
  map.is_merge = v.text() == "<<" && !v.quoted();
  const bool again = map.is_merge ? !map.merges.empty() : map.v.contains(map.key);
  if (!again) return;
  std::string remark = ": merge several maps as <<: [*a, *b]";
  if (!map.is_merge) {
    remark = fmt::format(", first on line {}", map.v.key_place(map.key).line);
    if (is_of_list(map.v, map.key)) remark += "; a list needs brackets, as in [1, 2]";
  }
  throw error(fmt::format("the key '{}' is given twice{}", shortened(map.key), remark), {}, v.where());
}

void tree_builder::add(value v, anchor name) {
  remember(v, name);
  if (open_.empty()) {
    root_ = std::move(v);
    return;
  }
  open_value& parent = open_.back();
  if (parent.v.is_list()) {
    parent.v.push_back(std::move(v));
    return;
  }
  if (!parent.has_key) {
    take_key(v);
    return;
  }
  parent.has_key = false;
  if (!parent.is_merge) {
    parent.v.set(parent.key, std::move(v), parent.key_at);
    return;
  }
  const std::size_t before = parent.v.entries().size();
  const std::vector<value> sources = v.is_list() ? v.items() : std::vector<value>{v};
  for (const value& each : sources) {
    if (!each.is_map())
      throw error(fmt::format("got {} to merge with <<, need a map or a list of maps", each.brief()), {}, each.where());
    parent.merges.emplace_back(before, each);
  }
}

void tree_builder::open(value v, anchor name) {
  if (wants_key()) take_key(v);
  count(1, 1, v.where());
  open_.push_back({std::move(v), name, false, false, {}, {}, {}});
}

void tree_builder::close() {
  open_value done = std::move(open_.back());
  open_.pop_back();
  add(done.merges.empty() ? std::move(done.v) : merged(done.v, done.merges, most_keys), done.name);
}

void tree_builder::null(const place& at, anchor name) {
  // A parser may take a line without ':' for "key: null", with the null where the key is: a slip of the pen.
  if (!open_.empty() && open_.back().has_key) {
    const place& key_at = open_.back().key_at;
    if (at.line == key_at.line && at.col == key_at.col)
      throw error(fmt::format("got '{}' where a map goes on, need 'key: value' (with a space after the ':')",
                              shortened(open_.back().key)),
                  {}, at);
  }
  value v;
  // A value that is left out stands, to the parser, where the next one begins, which may be lines below its key.
  const bool left_out = !open_.empty() && open_.back().has_key && at.line != open_.back().key_at.line;
  v.set_where(left_out ? open_.back().key_at : at);
  count(1, 0, at);
  add(std::move(v), name);
}

void tree_builder::scalar(const place& at, const std::string& tag, anchor name, const std::string& text) {
  check_tag(tag, at);
  value v = value::scalar(text, tag == "!" || tag == "tag:yaml.org,2002:str");
  v.set_where(at);
  count(1, 0, at);
  add(std::move(v), name);
}

void tree_builder::alias(const place& at, anchor name) {
  const auto found = anchors_.find(name);
  if (found == anchors_.end()) throw error("the alias stands inside the value it names", {}, at);
  count(found->second.size, found->second.depth, at);
  value v = found->second.v;
  v.set_where(at);
  add(std::move(v), 0);
}

void tree_builder::open_list(const place& at, const std::string& tag, anchor name) {
  check_tag(tag, at);
  value v = value::list();
  v.set_where(at);
  open(std::move(v), name);
}

void tree_builder::open_map(const place& at, const std::string& tag, anchor name) {
  check_tag(tag, at);
  value v = value::map();
  v.set_where(at);
  open(std::move(v), name);
}

}
