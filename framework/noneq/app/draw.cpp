// noneq draw FILE
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/output.hpp"
#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/verbs.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace {

// Returns text for double quotes. Graphviz needs quotes and backslashes escaped; Mermaid has HTML's names for them.
std::string in_dot(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

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

std::string as_dot(const flow::plan& p) {
  std::string text =
      fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
                  in_dot(p.name));
  std::vector<std::string> parts;
  for (const auto& [role, i] : p.process_parts) parts.push_back(fmt::format("{}: {}", role, i.entry->name));
  // A node of the graph may be called "process" too.
  if (!parts.empty())
    text += fmt::format("  \"the process\" [shape=note, label=\"process\\n{}\"];\n", fmt::join(parts, "\\n"));
  for (const flow::plan_node& n : p.nodes)
    text += fmt::format("  \"{0}\" [label=\"{0}\\n{1}\"];\n", in_dot(n.id), n.plugin.entry->full_name());
  for (const flow::plan_node& n : p.nodes) {
    for (const flow::plan_edge& e : n.in) text += fmt::format("  \"{}\" -> \"{}\";\n", in_dot(e.from), in_dot(n.id));
    if (!n.of_run.empty()) text += fmt::format("  \"{}\" [shape=folder];\n", in_dot(n.of_run.string()));
    if (n.has_model())
      text += fmt::format("  \"{}\" -> \"{}\" [style=dashed, label=\"of\"];\n",
                          in_dot(n.of.empty() ? n.of_run.string() : n.of), in_dot(n.id));
  }
  return text + "}\n";
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

// Graphviz reads the graph on its standard input and draws into a file that has no name.
void draw_svg(const std::string& dot) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> drawing(std::tmpfile(), &std::fclose);
  if (!drawing) throw storage::file_error("/tmp", "make a file for the drawing", errno);
  std::FILE* pipe = popen(fmt::format("dot -Tsvg 2>/dev/null >/dev/fd/{}", fileno(drawing.get())).c_str(), "w");
  if (pipe == nullptr) throw error("dot cannot be started; install Debian's package graphviz");
  std::fwrite(dot.data(), 1, dot.size(), pipe);
  if (pclose(pipe) != 0) throw error("dot failed; install Debian's package graphviz, or use --format dot");
  print_out("{}", storage::read_file(fmt::format("/proc/self/fd/{}", fileno(drawing.get()))));
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
      ->check(CLI::IsMember({"dot", "svg", "mermaid"}));
  verb->callback([o] {
    registry plugins = installed_plugins();
    const flow::plan p = o->pipeline.make(plugins);
    if (o->format == "svg")
      draw_svg(as_dot(p));
    else
      print_out("{}", o->format == "dot" ? as_dot(p) : as_mermaid(p));
  });
}

}
