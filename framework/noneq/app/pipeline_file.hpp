// The options shared by the verbs that read a pipeline.
#pragma once

#include <CLI/CLI.hpp>

#include "noneq/flow/plan.hpp"

namespace noneq::app {

struct pipeline_file {
  std::string file;
  std::vector<std::string> changes;  // --set a.b=c
  std::optional<std::int64_t> seed;

  void add_to(CLI::App& verb);
  config::value read() const;  // the document with its changes
  flow::plan make(registry& plugins) const;
};

registry installed_plugins();

}
