// A signal may arrive at any instruction.
#include <algorithm>
#include <csignal>
#include <thread>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "doctest.hpp"
#include "noneq/flow/stop.hpp"

TEST_CASE("signals that arrive within a matrix product leave the heap alone") {
  constexpr int n = 96, k = 4096;  // long enough for oneDNN to take its buffers from the heap
  const std::vector<float> a(std::size_t{n} * k, 1.0f), b(std::size_t{n} * k, 1.0f);
  std::vector<float> c(std::size_t{n} * n);
  const auto as_by_default = [] {
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_DFL);
  };
  as_by_default();  // who started the tests may have wanted them to survive signals
  for (int i = 0; i < 300; ++i) {
    noneq::flow::stop_on_signals();
    const pthread_t computing = pthread_self();
    std::thread other([&] { pthread_kill(computing, i % 2 == 0 ? SIGINT : SIGTERM); });
    do {
      dnnl::sgemm('T', 'N', n, n, k, 1, a.data(), n, b.data(), n, 0, c.data(), n);
      REQUIRE(std::all_of(c.begin(), c.end(), [](float sum) { return sum == k; }));
    } while (!noneq::stop_asked());
    other.join();
    noneq::forget_stop();
  }
  as_by_default();
}
