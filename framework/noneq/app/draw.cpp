// noneq draw FILE
#include <map>

#include <fmt/format.h>

#include "noneq/app/argument_checks.hpp"
#include "noneq/app/drawing.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq::app {
namespace {

// Returns text for double quotes, in which Mermaid has HTML's names for some characters.
std::string in_mermaid(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"')
      safe += "#quot;";
    else if (c == '<')
      safe += "#lt;";
    else
      safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

std::string as_mermaid(const flow::plan& p) {
  std::string text = "flowchart LR\n";
  // Mermaid has words of its own, such as "end", so nodes are numbered and the ids are labels.
  std::map<std::string, std::string> box;
  for (const flow::plan_node& n : p.nodes) box[n.id] = fmt::format("n{}", box.size());
  for (const flow::plan_node& n : p.nodes)
    text += fmt::format("  {}[\"{}<br/>{}\"]\n", box[n.id], in_mermaid(n.id), n.plugin.entry->full_name());
  for (const flow::plan_node& n : p.nodes) {
    for (const flow::plan_edge& e : n.in) text += fmt::format("  {} --> {}\n", box[e.from], box[n.id]);
    const std::string model = n.of.empty() ? n.of_run.string() : n.of;
    if (!n.of_run.empty() && !box.count(model)) {
      box[model] = fmt::format("n{}", box.size());
      text += fmt::format("  {}[(\"{}\")]\n", box[model], in_mermaid(model));
    }
    if (n.has_model()) text += fmt::format("  {} -.of.-> {}\n", box[model], box[n.id]);
  }
  return text;
}

}

void add_draw(CLI::App& program) {
  struct options {
    pipeline_file pipeline;
    std::string format = "dot";
  };
  auto o = std::make_shared<options>();
  CLI::App* verb = program.add_subcommand("draw", "the pipeline as a graph");
  o->pipeline.add_to(*verb);
  verb->add_option("--format", o->format, "dot, svg (needs Graphviz) or mermaid")
      ->check(one_of({"dot", "svg", "mermaid"}));
  verb->callback([o] {
    registry plugins = installed_plugins();
    const flow::plan p = o->pipeline.make(plugins);
    if (o->format == "svg")
      print_out("{}", svg_of(as_dot(p)));
    else
      print_out("{}", o->format == "dot" ? as_dot(p) : as_mermaid(p));
  });
}

}
