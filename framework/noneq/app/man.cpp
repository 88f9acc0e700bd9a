// noneq man: the manual page, in roff.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/catalogue.hpp"
#include "noneq/app/command_table.hpp"
#include "noneq/app/help.hpp"
#include "noneq/app/output.hpp"
#include "noneq/app/verbs.hpp"

namespace noneq::app {
namespace {

// Text as roff takes it: no line of it is a request, a hyphen is a minus that can be copied.
std::string roff(const std::string& text) {
  std::string all;
  for (const char c : text) all += c == '\\' ? "\\e" : c == '-' ? "\\-" : c == '\n' ? " " : std::string(1, c);
  return (all.starts_with('.') || all.starts_with('\'') ? "\\&" : "") + all;
}

std::string entry(const std::string& head, const std::string& text) {
  return ".TP\n" + head + "\n" + roff(text.empty() ? "(no description)" : text) + "\n";
}

std::string option_head(const option_words& o) {
  std::string text = "\\fB" + roff(o.name) + "\\fR";
  if (!o.short_name.empty()) text = "\\fB" + roff(o.short_name) + "\\fR, " + text;
  if (!o.choices.empty()) return text + roff(" " + fmt::format("{}", fmt::join(o.choices, "|")));
  if (o.takes_value()) text += " \\fI" + roff(o.value.substr(0, o.value.find_first_of(": "))) + "\\fR";
  return text;
}

void describe_verb(const verb_words& v, std::string& page) {
  if (!v.verbs.empty()) {
    for (const verb_words& below : v.verbs) describe_verb(below, page);
    return;
  }
  page += ".SS noneq " + roff(v.name);
  for (const option_words& a : v.arguments) page += a.required ? " " + roff(a.name) : " [" + roff(a.name) + "]";
  page += "\n" + roff(v.doc) + ".\n";
  for (const option_words& a : v.arguments) page += entry("\\fI" + roff(a.name) + "\\fR", a.doc);
  for (const option_words& o : v.options)
    if (o.name != "--help") page += entry(option_head(o), o.doc);
}

// The plugins by role, each with the sentence of its own table.
void add_plugins(std::string& page) {
  registry plugins(plugin_folders());
  std::string role;
  for (const plugin_answer& a : all_plugins(plugins, [](const plugin_entry& e) { return to_json(e); })) {
    if (a.of.role != role) page += ".SS " + roff(role = a.of.role) + "\n";
    page += entry("\\fB" + roff(a.of.role + "." + a.of.name) + "\\fR", a.said.value("doc", ""));
  }
}

std::string manual(const CLI::App& program) {
  const verb_words table = command_table(program);
  std::string page = fmt::format(
      ".\\\" Made by: noneq man\n.TH NONEQ 1 \"\" \"noneq {}\" \"User Commands\"\n.SH NAME\nnoneq \\- {}\n"
      ".SH SYNOPSIS\n.B noneq\n.I VERB\n[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n",
      NONEQ_VERSION, roff("diffusion generative models as native dataflow"));
  page +=
      roff(
          "A pipeline is one YAML file, a graph of plugins. The verbs check it, train it, measure and sample what was "
          "trained, and process data with it.") +
      "\n";
  for (const verb_group& g : grouped_verbs(program)) {
    page += ".SH " + roff(g.title) + "\n";
    for (const auto& [name, sentence] : g.verbs)
      for (const verb_words& v : table.verbs)
        if (v.name == name) describe_verb(v, page);
  }
  page += ".SH PLUGINS\n" + roff("Parameters of a plugin are shown by noneq describe.") + "\n";
  add_plugins(page);
  page += ".SH ENVIRONMENT\n" +
          entry("\\fBNONEQ_PLUGIN_PATH\\fR",
                "folders of plugins, separated by colons, searched before those of the program") +
          entry("\\fBNO_COLOR\\fR", "when it is not empty, messages on a terminal have no colours") +
          entry("\\fBONEDNN_MAX_CPU_ISA\\fR, \\fBOPENBLAS_CORETYPE\\fR, \\fBATEN_CPU_CAPABILITY\\fR",
                "choose other kernels of the libraries, which round differently");
  page += ".SH EXIT STATUS\n" + entry("0", "done") + entry("1", "the run failed; or, of diff, the pipelines differ") +
          entry("2", "bad input, refused before anything ran; one line per problem") + entry("130", "interrupted");
  return page + ".SH SEE ALSO\n" + roff("README.md of the program; noneq VERB --help.") + "\n";
}

}

void add_man(CLI::App& program) {
  CLI::App* verb = program.add_subcommand("man", "this program's manual page in roff: noneq man | man -l -");
  verb->callback([&program] { put_output(manual(program)); });
}

}
