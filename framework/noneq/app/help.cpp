#include "noneq/app/help.hpp"

#include <fmt/format.h>

namespace noneq::app {
namespace {

struct sentence {
  const char *group, *verb, *text;
};

constexpr const char *pipeline = "Write a pipeline", *train = "Train", *use = "Use a trained run",
                     *large = "Work through large data", *rest = "Data and the machine";

// At most 27 characters each, so that two stand on a line.
constexpr sentence sentences[] = {
    {pipeline, "check", "Find all its mistakes."},
    {pipeline, "diff", "Compare two pipelines."},
    {pipeline, "list", "List the plugins."},
    {pipeline, "describe", "Show a plugin's parameters."},
    {pipeline, "draw", "Draw the pipeline's graph."},
    {pipeline, "table", "Print its schedule."},
    {pipeline, "schema", "Print its JSON Schema."},
    {pipeline, "new", "Begin a plugin's project."},
    {train, "run", "Train, measure and sample."},
    {train, "continue", "Train on from a run."},
    {train, "profile", "Show where the time goes."},
    {use, "eval", "Measure it again."},
    {use, "report", "Write a page about it."},
    {use, "watch", "Serve this page live."},
    {use, "sample", "Draw samples."},
    {use, "apply", "Apply it to rows of a file."},
    {use, "predict", "Call its network."},
    {use, "average", "Average its weights."},
    {use, "export", "Convert it for others."},
    {large, "status", "Show how far a job is."},
    {large, "merge", "Join its units."},
    {large, "verify", "Compare its checksums."},
    {rest, "data", "Make, import, repack data."},
    {rest, "doctor", "Show what runs here, how."},
    {rest, "completion", "Complete words in a shell."},
    {rest, "man", "Print the manual page."},
    {rest, "docs", "Write these docs as HTML."},
};

constexpr std::size_t widest_sentence = 27;

std::string shortened(const std::string& text) {
  return text.size() <= widest_sentence ? text : text.substr(0, widest_sentence - 3) + "...";
}

class screen_help : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    return app->get_parent() ? CLI::Formatter::make_help(app, std::move(name), mode) : overview(*app);
  }

 private:
  static std::string overview(const CLI::App& program) {
    std::string text = program.get_description() + "\n";
    text += "Usage: noneq VERB ...    (noneq VERB --help explains one; noneq --version)\n";
    for (const verb_group& g : grouped_verbs(program)) {
      text += g.title + ":\n";
      for (std::size_t i = 0; i < g.verbs.size(); i += 2) {
        const auto cell = [&](std::size_t k) { return fmt::format("{:<10} {}", g.verbs[k].first, g.verbs[k].second); };
        text += i + 1 < g.verbs.size() ? fmt::format("  {:<39} {}\n", cell(i), cell(i + 1)) : "  " + cell(i) + "\n";
      }
    }
    return text;
  }
};

}

std::vector<verb_group> grouped_verbs(const CLI::App& program) {
  std::vector<verb_group> groups;
  const auto group = [&](const std::string& title) -> verb_group& {
    for (verb_group& g : groups)
      if (g.title == title) return g;
    return groups.emplace_back(verb_group{title, {}});
  };
  std::vector<const CLI::App*> left = program.get_subcommands([](const CLI::App*) { return true; });
  for (const sentence& s : sentences)
    for (auto it = left.begin(); it != left.end(); ++it)
      if ((*it)->get_name() == s.verb) {
        group(s.group).verbs.emplace_back(s.verb, s.text);
        left.erase(it);
        break;
      }
  for (const CLI::App* verb : left)
    group(rest).verbs.emplace_back(verb->get_name(), shortened(verb->get_description()));
  return groups;
}

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<screen_help>(); }

}
