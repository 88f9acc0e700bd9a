// Shared by the verbs that several processes do together.
#pragma once

#include <functional>

#include <CLI/CLI.hpp>

#include "noneq/core/ranks.hpp"

namespace noneq::app {

// Joins the processes that mpirun or srun started for this command, unless each is to work by itself, and calls work().
// A stop is reported by the first. Throws as join_job() and work() do.
void in_job(bool by_itself, const std::function<void(const ranks&)>& work);

// Adds --alone.
void add_alone(CLI::App& verb, bool& by_itself);

}
