#include "noneq/config/extends.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/parse.hpp"
#include "noneq/config/problems.hpp"
#include "noneq/config/read.hpp"

namespace noneq::config {

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> wiring{"in", "as", "of", "every", "at"};

using keys = std::vector<std::string>;

// Returns whether a scalar at this path names a plugin: a node, or a part of the process.
bool is_plugin_place(const keys& path) { return path.size() == 2 && (path[0] == "graph" || path[0] == "process"); }

const value* plugin_of(const value& v) { return v.is_map() ? v.find("plugin") : nullptr; }

// Returns whether two names are of one plugin: "cosine" is "schedule.cosine" where only schedules can stand.
bool same_plugin(const std::string& a, const std::string& b) {
  const auto bare = [](const std::string& name) { return name.substr(name.find('.') + 1); };
  const bool whole = a.find('.') != a.npos && b.find('.') != b.npos;
  return whole ? a == b : bare(a) == bare(b);
}

value as_map(value plugin) {
  value v = value::map();
  const place at = plugin.where();
  v.set_where(at);
  v.set("plugin", std::move(plugin), at);
  return v;
}

std::vector<std::string> names_in(const value& map) {
  std::vector<std::string> all;
  for (const auto& [key, v] : map.entries()) all.push_back(key);
  return all;
}

class merging {
 public:
  value merge(value base, value over, const keys& path) {
    if (over.is_scalar() && plugin_of(base)) over = as_map(over);
    if (base.is_scalar() && over.is_map() && is_plugin_place(path)) base = as_map(base);
    if (!base.is_map() || !over.is_map()) return over;
    drop_parameters(base, over);
    for (const auto& [key, v] : over.entries()) {
      keys below = path;
      below.push_back(key);
      const value* old = base.find(key);
      if (v.is_null())
        remove(base, key, over, below);
      else
        base.set(key, old ? merge(*old, v, below) : v, over.key_place(key));
    }
    base.set_where(over.where());
    return base;
  }
  void raise() const { found_.raise(); }

 private:
  // Leaves what wires a node when `over` makes another plugin of it.
  static void drop_parameters(value& base, const value& over) {
    const value *was = plugin_of(base), *is = plugin_of(over);
    if (!was || !is || !was->is_scalar() || !is->is_scalar() || same_plugin(was->text(), is->text())) return;
    for (const std::string& key : names_in(base))
      if (key != "plugin" && std::find(wiring.begin(), wiring.end(), key) == wiring.end()) base.remove(key);
  }

  void remove(value& base, const std::string& key, const value& over, const keys& path) {
    if (base.remove(key)) return;
    found_.add(error(fmt::format("got null, which removes what the extended file has, but it has no '{}'{}", key,
                                 did_you_mean(key, names_in(base))),
                     fmt::format("{}", fmt::join(path, ".")), over.key_place(key)));
  }

  problems found_;
};

error no_such_file(const std::string& name, const fs::path& file, const place& at) {
  std::vector<std::string> beside;
  std::error_code failed;
  for (const auto& other : fs::directory_iterator(file.parent_path().empty() ? "." : file.parent_path(), failed))
    if (other.path().extension() == ".yaml" || other.path().extension() == ".yml")
      beside.push_back((fs::path(name).parent_path() / other.path().filename()).string());
  return error(fmt::format("got '{}', but there is no file {}{}", name, file.string(), did_you_mean(name, beside)),
               extends_key, at);
}

// `chain`: the files on the way here, each of which extends the next.
value extended(const fs::path& path, std::vector<fs::path> chain) {
  value own = parse_file(path);
  const value* given = own.find(extends_key);
  if (given == nullptr) return own;
  const place at = given->where();
  fs::path name;
  try {
    read_into(*given, name);
  } catch (const error& e) {
    throw e.at(at, extends_key);
  }
  const fs::path file = (path.parent_path() / name).lexically_normal();
  chain.push_back(path);
  std::error_code failed;
  if (!fs::exists(file, failed)) throw no_such_file(name.string(), file, at);
  const auto first = std::find_if(chain.begin(), chain.end(), [&](const fs::path& p) {
    std::error_code none;
    return fs::equivalent(p, file, none);
  });
  if (first != chain.end()) {
    std::vector<std::string> circle;
    for (auto p = first; p != chain.end(); ++p) circle.push_back(p->string());
    throw error(fmt::format("got a circle of files: {} extends {}; need a file that leads out of it",
                            fmt::join(circle, " extends "), first->string()),
                extends_key, at);
  }
  value base = extended(file, chain);
  if (!base.is_map()) refuse(base, "a pipeline to extend, which is a map");
  own.remove(extends_key);
  return merged(std::move(base), own);
}

}

value merged(value base, const value& over) {
  merging m;
  value whole = m.merge(std::move(base), over, {});
  m.raise();
  return whole;
}

value parse_pipeline(const fs::path& path) { return extended(path, {}); }

}
