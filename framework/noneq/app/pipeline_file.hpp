// The options shared by the verbs that read a pipeline.
#pragma once

#include <CLI/CLI.hpp>

#include "noneq/flow/plan.hpp"

namespace noneq::app {

struct pipeline_file {
  std::string file;
  std::vector<std::string> changes;  // --set a.b=c
  std::optional<std::int64_t> seed;
  bool quiet = false;  // set by verbs that have --quiet

  void add_to(CLI::App& verb);
  // Returns the plan of the file, merged over those that it extends, with its changes. Unless quiet, prints each value
  // that --set changed on the error stream.
  flow::plan make(registry& plugins) const;
};

// Applies the changes a.b=c of --set and returns a line for each value that became another.
std::string change_values(config::value& document, const std::vector<std::string>& changes);

registry installed_plugins();

}
