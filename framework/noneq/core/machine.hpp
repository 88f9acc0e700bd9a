// The machine as this process sees it: for `noneq doctor`. Thread-safe.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace noneq {

struct machine {
  std::string cpu;              // its name; "" where the system does not tell
  std::set<std::string> flags;  // of the instruction sets, as /proc/cpuinfo names them: avx512f, amx_bf16, …
  int cpus = 0;                 // of the machine that are switched on
  int allowed = 0;              // on which the process may run (taskset, cpusets)
};

// `root` stands for "/", for tests; the numbers of CPUs are those of this process.
machine this_machine(const std::filesystem::path& root = "/");

}
