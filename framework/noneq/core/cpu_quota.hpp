// The number of CPUs that the control groups of this process allow, as containers and batch systems limit them.
// Thread-safe.
#pragma once

#include <filesystem>
#include <optional>

namespace noneq {

// Returns the smallest quota of the process's group and those above it, in CPUs, rounded up; nothing where there is
// none. Reads cgroup v2 (cpu.max) and v1 (cpu.cfs_quota_us). `root` stands for "/", for tests.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

}
