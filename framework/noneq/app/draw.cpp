// noneq draw FILE
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq {
namespace {

std::string as_dot(const plan& p) {
  std::string text = fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n", p.name);
  std::vector<std::string> parts;
  for (const auto& [role, i] : p.process_parts) parts.push_back(fmt::format("{}: {}", role, i.entry->name));
  text += fmt::format("  process [shape=note, label=\"process\\n{}\"];\n", fmt::join(parts, "\\n"));
  for (const plan_node& n : p.nodes) text += fmt::format("  \"{}\" [label=\"{}\\n{}\"];\n", n.id, n.id, n.plugin.entry->full_name());
  for (const plan_node& n : p.nodes) {
    if (!n.in.empty()) text += fmt::format("  \"{}\" -> \"{}\";\n", n.in, n.id);
    if (!n.of.empty()) text += fmt::format("  \"{}\" -> \"{}\" [style=dashed, label=\"asks\", dir=back];\n", n.of, n.id);
  }
  return text + "}\n";
}

std::string as_mermaid(const plan& p) {
  std::string text = "flowchart LR\n";
  for (const plan_node& n : p.nodes) text += fmt::format("  {0}[\"{0}<br/>{1}\"]\n", n.id, n.plugin.entry->full_name());
  for (const plan_node& n : p.nodes) {
    if (!n.in.empty()) text += fmt::format("  {} --> {}\n", n.in, n.id);
    if (!n.of.empty()) text += fmt::format("  {} -.asks.-> {}\n", n.id, n.of);
  }
  return text;
}

// Graphviz reads the graph on its standard input and draws to our standard output.
void draw_svg(const std::string& dot) {
  std::fflush(stdout);
  std::FILE* pipe = popen("dot -Tsvg", "w");
  if (pipe == nullptr) throw error("dot cannot be started; install Debian's package graphviz");
  std::fwrite(dot.data(), 1, dot.size(), pipe);
  if (pclose(pipe) != 0) throw error("dot failed; install Debian's package graphviz, or use --format dot");
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
  verb->add_option("--format", o->format, "dot, svg (needs Graphviz) or mermaid")->check(CLI::IsMember({"dot", "svg", "mermaid"}));
  verb->callback([o] {
    registry plugins = installed_plugins();
    const plan p = o->pipeline.make(plugins);
    if (o->format == "svg") draw_svg(as_dot(p));
    else fmt::print("{}", o->format == "dot" ? as_dot(p) : as_mermaid(p));
  });
}

}
