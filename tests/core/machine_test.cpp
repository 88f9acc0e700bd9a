#include "noneq/core/machine.hpp"

#include <fstream>

#include "doctest.hpp"
#include "scratch.hpp"

TEST_CASE("the name and the instruction sets of a CPU are those of its first core") {
  const testing::scratch root;
  std::filesystem::create_directories(root / "proc");
  std::ofstream(root / "proc/cpuinfo") << "processor\t: 0\nmodel name\t: A CPU: fast\nflags\t\t: fpu avx2 avx512f\n\n"
                                          "processor\t: 1\nmodel name\t: B\nflags\t\t: fpu amx_tile\nempty:\n";
  const noneq::machine m = noneq::this_machine(root.folder());
  CHECK(m.cpu == "A CPU: fast");
  CHECK(m.flags == std::set<std::string>{"fpu", "avx2", "avx512f"});
}

TEST_CASE("a machine without /proc has no name, but CPUs on which this process runs") {
  const testing::scratch root;
  const noneq::machine m = noneq::this_machine(root.folder());
  CHECK(m.cpu == "");
  CHECK(m.flags.empty());
  CHECK(m.allowed >= 1);
  CHECK(m.allowed <= m.cpus);
}
