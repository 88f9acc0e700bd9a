// The CPUs that this process may use, as taskset, containers and batch systems limit them. Thread-safe.
#pragma once

#include <filesystem>
#include <optional>

namespace noneq {

// Returns the number of CPUs on which the process may run (taskset, cpusets).
int allowed_cpus();

// Returns the smallest quota of the process's group and those above it, in CPUs, rounded up; nothing where there is
// none. Reads cgroup v2 (cpu.max) and v1 (cpu.cfs_quota_us). `root` stands for "/", for tests.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

// Returns the number of CPUs that threads of this process can keep busy: the smaller of the two.
int usable_cpus();

}
