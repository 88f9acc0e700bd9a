// Trees as Docker, Kubernetes and systemd make them.
#include "noneq/core/cpu_quota.hpp"

#include <fstream>

#include "doctest.hpp"
#include "scratch.hpp"

using noneq::cpu_quota;

namespace {

struct machine {
  testing::scratch root;
  void put(const std::string& file, const std::string& text) const {
    const auto at = root / file;
    std::filesystem::create_directories(at.parent_path());
    std::ofstream(at) << text;
  }
  std::optional<int> quota() const { return cpu_quota(root.folder()); }
};

const std::string mount_v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

}

TEST_CASE("a quota of the unified hierarchy, of the group or of one above it") {
  machine m;
  CHECK(!m.quota());
  m.put("proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + mount_v2);
  m.put("proc/self/cgroup", "0::/user.slice/job.scope\n");
  CHECK(!m.quota());
  m.put("sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
  CHECK(!m.quota());
  m.put("sys/fs/cgroup/user.slice/cpu.max", "400000 100000\n");
  CHECK(m.quota() == 4);
  m.put("sys/fs/cgroup/user.slice/job.scope/cpu.max", "100000 100000\n");
  CHECK(m.quota() == 1);
  m.put("sys/fs/cgroup/user.slice/job.scope/cpu.max", "150000 100000\n");
  CHECK(m.quota() == 2);
  m.put("sys/fs/cgroup/user.slice/job.scope/cpu.max", "2000 100000\n");
  CHECK(m.quota() == 1);
}

TEST_CASE("a quota within a container, which sees its own group as the root, by either name") {
  machine m;
  m.put("proc/self/mountinfo", mount_v2);
  m.put("sys/fs/cgroup/cpu.max", "100000 100000\n");
  for (const char* group : {"0::/\n", "0::/../other\n", "0::/docker/0123abcd\n"}) {
    m.put("proc/self/cgroup", group);
    CHECK(m.quota() == 1);
  }
}

TEST_CASE("a quota of the older hierarchies") {
  machine m;
  m.put("proc/self/mountinfo",
        "33 25 0:29 / /sys/fs/cgroup/cpuset rw shared:15 - cgroup cgroup rw,cpuset\n"
        "34 25 0:30 /docker/7 /sys/fs/cgroup/cpu,cpuacct rw shared:16 - cgroup cgroup rw,cpu,cpuacct\n");
  m.put("proc/self/cgroup", "5:cpuset:/docker/7\n4:cpu,cpuacct:/docker/7/inner\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "-1\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us", "100000\n");
  CHECK(!m.quota());
  m.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK(m.quota() == 3);
}
