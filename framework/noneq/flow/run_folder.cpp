#include "noneq/flow/run_folder.hpp"

#include <fmt/format.h>

#include "noneq/config/emit.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/flow/written_files.hpp"
#include "noneq/storage/files.hpp"

namespace noneq {
namespace fs = std::filesystem;

namespace {

input_error refused(const fs::path& folder, const std::string& why) {
  return input_error({error(why, "", {folder.string()})});
}

// What is read of an earlier run is input: an error in it is bad input.
template <class F>
auto as_read(F&& f) {
  try {
    return f();
  } catch (const error& e) {
    throw input_error({e});
  }
}

// What may change between the parts of an interrupted run without changing what the model is.
value identity(const value& resolved) {
  value v = value::map();
  // The file may have been edited since: nothing is taken for granted.
  for (const char* key : {"seed", "process"})
    if (const value* part = resolved.find(key)) v.set(key, *part);
  const value* graph = resolved.find("graph");
  if (graph == nullptr) return v;
  for (const auto& [id, node] : graph->entries()) {
    const value* name = node.find("plugin");
    const std::string plugin = name ? name->text() : "";
    value copy = node;
    if (copy.is_map())
      for (const char* key : {"prefetch", "checkpoint", "log"}) copy.remove(key);
    if (plugin.starts_with("trainer.")) copy.remove("steps");
    const bool beside =
        plugin.starts_with("sampler.") || plugin.starts_with("metric.") || plugin.starts_with("writer.");
    if (!beside) v.set(id, std::move(copy));
  }
  return v;
}

std::string first_difference(const value& was, const value& is, const std::string& at = "") {
  if (was.is_map() && is.is_map()) {
    for (const auto& [key, v] : is.entries()) {
      const std::string path = at.empty() ? key : at + "." + key;
      const value* old = was.find(key);
      if (old == nullptr) return path + " is new";
      if (!(*old == v)) return first_difference(*old, v, path);
    }
    for (const auto& [key, v] : was.entries())
      if (!is.contains(key)) return (at.empty() ? key : at + "." + key) + " is gone";
  }
  return fmt::format("{} was {}, is {}", at, was.brief(), is.brief());
}

}

std::optional<checkpoint> run_folder::start(const plan& p, if_there policy) const {
  const fs::path pipeline = path_ / "pipeline.yaml";
  const bool there = fs::exists(pipeline), trained = has_checkpoint(saved());
  const auto load = [&] { return as_read([&] { return load_checkpoint(saved()); }); };
  if (there && policy == if_there::refuse)
    throw refused(path_, trained && load().meta.value("finished", false)
                             ? "holds a finished run; give --out another folder, or --force to replace it"
                             : "holds an unfinished run; go on with --resume, or replace it with --force");
  if (policy != if_there::resume || !trained) return std::nullopt;
  const value was = identity(as_read([&] { return parse_file(pipeline); })), is = identity(p.resolved());
  if (!(was == is))
    throw refused(path_, fmt::format("cannot be resumed by another pipeline: {}", first_difference(was, is)));
  return load();
}

std::vector<fs::path> run_folder::prepare(const plan& p, if_there policy) const {
  std::vector<fs::path> staying;
  std::error_code failed;
  if (policy == if_there::replace) {
    staying = written_files(path_).remove();
    fs::remove_all(saved(), failed);
    fs::remove(records(), failed);
  }
  fs::create_directories(path_, failed);
  if (failed) throw refused(path_, fmt::format("the folder cannot be made: {}", failed.message()));
  write_atomically(path_ / "pipeline.yaml",
                   "# Every parameter of this run, defaults included.\n" + to_yaml(p.resolved()));
  return staying;
}

session run_folder::open(const fs::path& path, registry& plugins, const std::function<void(value&)>& change) {
  const run_folder folder(path);
  if (!fs::exists(path / "pipeline.yaml")) throw refused(path, "is not the folder of a run; it has no pipeline.yaml");
  if (!has_checkpoint(folder.saved())) throw refused(path, "has no checkpoint yet; train it with noneq run");
  value document = parse_file(path / "pipeline.yaml");
  if (change) change(document);
  return session(make_plan(document, plugins), load_checkpoint(folder.saved()));
}

}
