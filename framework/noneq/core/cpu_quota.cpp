#include "noneq/core/cpu_quota.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sched.h>
#include <unistd.h>

namespace noneq {
namespace fs = std::filesystem;

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream all(text);
  for (std::string part; std::getline(all, part, separator);) parts.push_back(part);
  return parts;
}

bool holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// A mounted hierarchy: v2, or the one of v1 that has the controller "cpu". See proc(5), /proc/pid/mountinfo.
struct hierarchy {
  fs::path mounted_at;
  std::string group_mounted;  // the group that mounted_at shows
};

std::optional<hierarchy> find_hierarchy(const fs::path& root, bool v2) {
  std::ifstream lines(root / "proc/self/mountinfo");
  for (std::string line; std::getline(lines, line);) {
    const auto bar = line.find(" - ");
    if (bar == line.npos) continue;
    const auto mount = split(line.substr(0, bar), ' '), type = split(line.substr(bar + 3), ' ');
    if (mount.size() < 5 || type.size() < 3) continue;
    if (v2 ? type[0] == "cgroup2" : type[0] == "cgroup" && holds(split(type[2], ','), "cpu"))
      return hierarchy{root / fs::path(mount[4]).relative_path(), mount[3]};
  }
  return {};
}

std::optional<double> quota_of(const fs::path& folder, bool v2) {
  std::string quota;
  double period = 0;
  if (v2) {
    std::ifstream(folder / "cpu.max") >> quota >> period;
  } else {
    std::ifstream(folder / "cpu.cfs_quota_us") >> quota;
    std::ifstream(folder / "cpu.cfs_period_us") >> period;
  }
  const double time = std::atof(quota.c_str());  // "max" and -1: no limit
  if (!(time > 0) || !(period > 0)) return {};
  return time / period;
}

// The folders of a group and of those above it.
std::vector<fs::path> folders_of(const hierarchy& h, const std::string& group) {
  // A container may see the group's name as its host has it, but only its own group mounted.
  fs::path below = fs::path(group).lexically_relative(h.group_mounted);
  if (below.empty() || *below.begin() == "..") below = ".";
  std::vector<fs::path> all;
  for (fs::path at = (h.mounted_at / below).lexically_normal();; at = at.parent_path()) {
    all.push_back(at);
    if (at == h.mounted_at || at == at.parent_path() || at.native().size() <= h.mounted_at.native().size()) return all;
  }
}

}

int allowed_cpus() {
  // The kernel refuses a set that is smaller than its own.
  for (std::size_t words = 16; words <= 1 << 16; words *= 2) {
    std::vector<cpu_set_t> set(words * sizeof(long) / sizeof(cpu_set_t) + 1);
    const std::size_t bytes = set.size() * sizeof(cpu_set_t);
    if (::sched_getaffinity(::getpid(), bytes, set.data()) == 0) return CPU_COUNT_S(bytes, set.data());
    if (errno != EINVAL) break;
  }
  return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

int usable_cpus() {
  const int cpus = allowed_cpus();
  return std::min(cpus, cpu_quota().value_or(cpus));
}

std::optional<int> cpu_quota(const fs::path& root) {
  std::optional<int> least;
  std::ifstream lines(root / "proc/self/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const auto controllers = split(line.substr(first + 1, second - first - 1), ',');
    const bool v2 = controllers.empty();
    if (!v2 && !holds(controllers, "cpu")) continue;
    const auto h = find_hierarchy(root, v2);
    if (!h) continue;
    for (const fs::path& folder : folders_of(*h, line.substr(second + 1)))
      if (const auto cpus = quota_of(folder, v2)) {
        const int whole = static_cast<int>(std::clamp(std::ceil(*cpus), 1.0, 1e6));
        least = std::min(least.value_or(whole), whole);
      }
  }
  return least;
}

}
