// The process of a run as the configuration of a diffusers scheduler.
// Pure function.
#pragma once

#include <optional>

#include <nlohmann/json.hpp>

#include "noneq/flow/plan.hpp"

namespace noneq::app {

// Returns a DDPMScheduler with the betas, prediction and variance of the plan; nothing when diffusers has none of the
// kind.
std::optional<nlohmann::json> scheduler_config(const flow::plan& p, const std::string& version);

}
