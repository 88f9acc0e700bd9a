// The lines that a run prints before its first step: parameters, machine, data.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "noneq/flow/begun_run.hpp"
#include "noneq/flow/workers.hpp"

namespace noneq::flow {

// Returns "1 thread", "2 threads".
std::string counted(std::int64_t n, const char* what);

std::vector<std::string> first_lines(const plan& p, const begun_run& r, const workers& pool, const ranks& together,
                                     const std::filesystem::path& folder);

}
