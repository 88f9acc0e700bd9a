#include "noneq/app/drawing.hpp"

#include <cerrno>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/storage/files.hpp"

namespace noneq::app {

// Returns text for double quotes.
static std::string in_dot(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

std::string as_dot(const flow::plan& p, const std::map<std::string, std::string>& notes) {
  std::string text =
      fmt::format("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
                  in_dot(p.name));
  std::vector<std::string> parts;
  for (const auto& [role, i] : p.process_parts) parts.push_back(fmt::format("{}: {}", role, i.entry->name));
  // A node of the graph may be called "process" too.
  if (!parts.empty())
    text += fmt::format("  \"the process\" [shape=note, label=\"process\\n{}\"];\n", fmt::join(parts, "\\n"));
  for (const flow::plan_node& n : p.nodes) {
    const auto note = notes.find(n.id);
    text += fmt::format("  \"{0}\" [label=\"{0}\\n{1}{2}\"];\n", in_dot(n.id), n.plugin.entry->full_name(),
                        note == notes.end() ? "" : "\\n" + in_dot(note->second));
  }
  for (const flow::plan_node& n : p.nodes) {
    for (const flow::plan_edge& e : n.in) text += fmt::format("  \"{}\" -> \"{}\";\n", in_dot(e.from), in_dot(n.id));
    if (!n.of_run.empty()) text += fmt::format("  \"{}\" [shape=folder];\n", in_dot(n.of_run.string()));
    if (n.has_model())
      text += fmt::format("  \"{}\" -> \"{}\" [style=dashed, label=\"of\"];\n",
                          in_dot(n.of.empty() ? n.of_run.string() : n.of), in_dot(n.id));
  }
  return text + "}\n";
}

// Graphviz reads the graph on its standard input and draws into a file that has no name.
std::string svg_of(const std::string& dot) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> drawing(std::tmpfile(), &std::fclose);
  if (!drawing) throw storage::file_error("/tmp", "make a file for the drawing", errno);
  std::FILE* pipe = popen(fmt::format("dot -Tsvg 2>/dev/null >/dev/fd/{}", fileno(drawing.get())).c_str(), "w");
  if (pipe == nullptr) throw error("dot cannot be started; install Debian's package graphviz");
  std::fwrite(dot.data(), 1, dot.size(), pipe);
  if (pclose(pipe) != 0) throw error("dot failed; install Debian's package graphviz, or use --format dot");
  return storage::read_file(fmt::format("/proc/self/fd/{}", fileno(drawing.get())));
}

}
