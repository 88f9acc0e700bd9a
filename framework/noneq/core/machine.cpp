#include "noneq/core/machine.hpp"

#include <sched.h>
#include <unistd.h>
#include <fstream>
#include <sstream>

namespace noneq {

machine this_machine(const std::filesystem::path& root) {
  machine m;
  std::ifstream lines(root / "proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string key = line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const std::string text = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (key == "model name" && m.cpu.empty()) m.cpu = text;
    if ((key == "flags" || key == "Features") && m.flags.empty()) {  // of x86 and of ARM
      std::istringstream words(text);
      for (std::string word; words >> word;) m.flags.insert(word);
    }
  }
  m.cpus = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t set;
  CPU_ZERO(&set);
  // The kernel refuses a set that is smaller than its own, on machines of more than 1024 CPUs.
  m.allowed = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : m.cpus;
  return m;
}

}
