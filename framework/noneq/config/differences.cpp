#include "noneq/config/differences.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "noneq/config/emit.hpp"

namespace noneq::config {

namespace {

std::string one_line(const value& v) {
  // Lists and maps stand on one line behind a key.
  std::string text = to_yaml(value::map({{"v", v}})).substr(2);
  text.pop_back();
  return text.find('\n') == text.npos ? text.substr(1) : to_json(v).dump();
}

class comparison {
 public:
  // Either side may be null: the value is not there.
  void compare(const value* was, const value* is, const std::string& path) {
    if (was && is && *was == *is) return;
    if (is_map(was) || is_map(is)) return compare_maps(as_map(was, is), as_map(is, was), path);
    if (holds_maps(was) || holds_maps(is)) return compare_lists(was, is, path);
    const auto text = [](const value* v) { return v ? std::optional(one_line(*v)) : std::nullopt; };
    all.push_back({path, text(was), text(is)});
  }

  std::vector<difference> all;

 private:
  static bool is_map(const value* v) { return v && v->is_map() && !v->entries().empty(); }
  static bool holds_maps(const value* v) {
    return v && std::any_of(v->items().begin(), v->items().end(), [](const value& item) { return item.is_map(); });
  }

  // Returns a name as the plugin that it stands for, beside a map of one.
  static std::optional<value> as_map(const value* v, const value* other) {
    if (!v) return std::nullopt;
    if (v->is_scalar() && other && other->contains("plugin")) return value::map({{"plugin", *v}});
    return *v;
  }

  void compare_maps(const std::optional<value>& was, const std::optional<value>& is, const std::string& path) {
    const auto below = [&](const std::string& key) { return path.empty() ? key : path + "." + key; };
    const auto whole = [&](const std::optional<value>& v) { return v && !v->is_map(); };
    if (whole(was) || whole(is)) {  // a text in place of a map of texts
      all.push_back(
          {path, was ? std::optional(one_line(*was)) : std::nullopt, is ? std::optional(one_line(*is)) : std::nullopt});
      return;
    }
    if (is)
      for (const auto& [key, v] : is->entries()) compare(was ? was->find(key) : nullptr, &v, below(key));
    if (was)
      for (const auto& [key, v] : was->entries())
        if (!is || !is->contains(key)) compare(&v, nullptr, below(key));
  }

  void compare_lists(const value* was, const value* is, const std::string& path) {
    const auto item = [](const value* v, std::size_t i) -> const value* {
      if (v && !v->is_list()) return i == 0 ? v : nullptr;  // one stands for a list of one
      return v && i < v->items().size() ? &v->items()[i] : nullptr;
    };
    for (std::size_t i = 0; item(was, i) || item(is, i); ++i)
      compare(item(was, i), item(is, i), fmt::format("{}.{}", path, i));
  }
};

}

std::vector<difference> differences(const value& was, const value& is) {
  comparison c;
  c.compare(&was, &is, "");
  return std::move(c.all);
}

std::vector<difference> without_replaced(const std::vector<difference>& all) {
  const auto plugin_beside = [](const std::string& path) { return path.substr(0, path.rfind('.') + 1) + "plugin"; };
  std::vector<difference> some;
  for (const difference& d : all)
    if (d.path == plugin_beside(d.path) ||
        std::none_of(all.begin(), all.end(), [&](const difference& o) { return o.path == plugin_beside(d.path); }))
      some.push_back(d);
  return some;
}

std::string to_text(const difference& d) {
  return fmt::format("{}: {} → {}", d.path, d.was.value_or("not set"), d.is.value_or("not set"));
}

}
