#include "noneq/flow/same_pipeline.hpp"

#include <fmt/format.h>

#include "noneq/config/differences.hpp"
#include "noneq/config/keys.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"

namespace noneq::flow {
namespace {

// Returns the nodes that may not change, without the parameters that may. The file may have been edited since: nothing
// is taken for granted.
config::value nodes_of(config::value resolved, const plan& p, const std::set<std::string>& known) {
  config::value nodes = config::value::map();
  const config::value* graph = resolved.find("graph");
  if (graph == nullptr || !graph->is_map()) return nodes;
  remove_beside_model(resolved);
  for (const auto& [id, node] : resolved.find("graph")->entries()) {
    const config::value* name = node.find("plugin");
    const std::string plugin = name ? name->text() : "";
    config::value copy = node;
    if (copy.is_map() && plugin.starts_with("trainer."))
      for (const char* key : {"steps", "prefetch", "checkpoint", "keep", "log"}) copy.remove(key);
    if (copy.is_map() && known.count(id) && plugin == p.node(id).plugin.entry->full_name())
      for (const parameter& path : p.node(id).plugin.entry->parameters)
        if (holds_paths(path)) copy.remove(path.name);
    nodes.set(id, std::move(copy));
  }
  return nodes;
}

class comparison {
 public:
  explicit comparison(std::string run) : run_(std::move(run)) {}

  // `written` is the part of the file in which the values of `is` stand, or the whole file. Null: not there.
  void compare(const config::value* was, const config::value* is, const std::string& subject,
               const config::value& written) {
    if (was == nullptr && is == nullptr) return;
    if (was == nullptr || is == nullptr)
      return add(was ? "is not there, but was when" : "is new: it was not there when", subject, written.where());
    for (const config::difference& d : config::without_replaced(config::differences(*was, *is)))
      add(fmt::format("got {}, need {}, with which", d.is.value_or("nothing"), d.was.value_or("nothing")),
          d.path.empty() ? subject : subject + "." + d.path, config::nearest_at(written, d.path).where());
  }

  void raise() {
    if (!found_.empty()) throw input_error(std::move(found_));
  }

 private:
  void add(const std::string& what, const std::string& subject, const place& where) {
    found_.emplace_back(fmt::format("{} the run in {} was begun (--out FOLDER begins another)", what, run_), subject,
                        where);
  }

  std::string run_;
  std::vector<error> found_;
};

}

void need_same_pipeline(const config::value& was, const plan& p, const std::set<std::string>& known,
                        const std::filesystem::path& folder) {
  comparison c(folder.string());
  const config::value is = p.resolved();
  const auto written = [&](const config::value& in, const std::string& key) -> const config::value& {
    const config::value* part = in.find(key);
    return part ? *part : in;
  };
  for (const char* key : {"seed", "process"}) c.compare(was.find(key), is.find(key), key, written(*p.document, key));
  const config::value before = nodes_of(was, p, known), now = nodes_of(is, p, known);
  const config::value& graph = written(*p.document, "graph");
  for (const auto& [id, node] : now.entries()) c.compare(before.find(id), &node, id, written(graph, id));
  for (const auto& [id, node] : before.entries())
    if (!now.contains(id)) c.compare(&node, nullptr, id, graph);
  c.raise();
}

}
