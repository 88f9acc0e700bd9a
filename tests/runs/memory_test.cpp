// Memory is given back: runs that are opened, used and closed again and again take no more of it.
#include <fstream>

#include "embedding.hpp"

using namespace testing;
using namespace noneq::runs;

static double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

TEST_CASE("runs that are closed leave no memory behind") {
  request r;
  r.count = 32;
  const auto use = [&] {
    const trained_run run(trained_runs() / "tiny");
    run.prepare("sample").compute<float>(r);
    CHECK_THROWS_AS(run.prepare("sample", "{stepz: 1}"), failure);
  };
  for (int warm = 0; warm < 30; ++warm) use();
  const double before = resident_megabytes();
  for (int again = 0; again < 150; ++again) use();
  CHECK(resident_megabytes() - before < 4);
}

TEST_CASE("a task that works for long keeps nothing of what it made") {
  const task fill = trained_run(trained_runs() / "tiny").prepare("fill", "{steps: 2}");
  const std::vector<float> x(32, NAN);
  const auto use = [&](std::int64_t k) {
    request r;
    r.given.emplace("x0", rows(x.data(), {16, 2}));
    r.first = k * 16;
    fill.compute<float>(r);
  };
  for (std::int64_t warm = 0; warm < 200; ++warm) use(warm);
  const double before = resident_megabytes();
  for (std::int64_t again = 200; again < 6000; ++again) use(again);
  CHECK(resident_megabytes() - before < 2);
}
