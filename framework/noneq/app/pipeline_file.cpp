#include "noneq/app/pipeline_file.hpp"
#include "noneq/app/argument_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/app/refuse.hpp"
#include "noneq/config/differences.hpp"
#include "noneq/config/extends.hpp"
#include "noneq/config/overrides.hpp"
#include "noneq/core/messages.hpp"

namespace noneq::app {

registry installed_plugins() {
  const auto folders = plugin_folders();
  if (registry(folders).roles().empty()) {
    std::vector<std::string> names;
    for (const auto& folder : folders) names.push_back(folder.string());
    throw error(fmt::format("no plugins in {}; install them, or set NONEQ_PLUGIN_PATH", fmt::join(names, ", ")));
  }
  return registry(folders);
}

void pipeline_file::add_to(CLI::App& verb) {
  verb.add_option("FILE", file, "the pipeline, a YAML file")->required()->check(not_empty());
  verb.add_option("--set", changes, "change a value: --set process.schedule.steps=100")->allow_extra_args(false);
  verb.add_option("--seed", seed, "change the seed")->check(a_seed());
}

std::string change_values(config::value& document, const std::vector<std::string>& changes) {
  const config::value before = document;
  for (const std::string& change : changes) config::apply_override(document, change);
  std::string lines;
  for (const config::difference& d : config::differences(before, document)) lines += config::to_text(d) + "\n";
  return lines;
}

flow::plan pipeline_file::make(registry& plugins) const {
  return as_input([&] {
    config::value document = config::parse_pipeline(file);
    const std::string changed = change_values(document, changes);
    if (seed) config::apply_override(document, "seed=" + std::to_string(*seed));
    flow::plan p = flow::make_plan(document, plugins);
    if (!quiet) put_message(changed);
    return p;
  });
}

}
