// The shared parts of trained runs and their tasks.
#pragma once

#include "noneq/flow/session.hpp"
#include "noneq/runs.hpp"

namespace noneq::runs {

struct opened_run {
  std::filesystem::path folder;
  int threads;
  config::value pipeline;  // of the training, with the run's own samplers
  std::shared_ptr<flow::session> model;
  std::map<std::string, shape> conditions;
};

}
