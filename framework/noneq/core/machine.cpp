#include "noneq/core/machine.hpp"

#include <unistd.h>
#include <fstream>
#include <sstream>

#include "noneq/core/cpu_quota.hpp"

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
  m.allowed = allowed_cpus();
  return m;
}

}
