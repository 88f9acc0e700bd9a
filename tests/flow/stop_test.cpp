// A signal may arrive at any instruction.
#include <algorithm>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>
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

TEST_CASE("work that would be left half done defers a stop on its thread alone") {
  noneq::ask_to_stop();
  {
    const noneq::stop_deferred to_its_end;
    noneq::stop_here_if_asked();
    std::thread([] { CHECK_THROWS_AS(noneq::stop_here_if_asked(), noneq::interrupted); }).join();
    CHECK(noneq::stop_asked());
  }
  CHECK_THROWS_AS(noneq::stop_here_if_asked(), noneq::interrupted);
  noneq::forget_stop();
}

// ThreadSanitizer delivers no signals to a child that a program with threads has forked.
#ifdef __SANITIZE_THREAD__
constexpr bool without_signals = true;
#else
constexpr bool without_signals = false;
#endif

TEST_CASE("the second signal ends the program at once, with 130 and the line that was set for this" *
          doctest::skip(without_signals)) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    std::signal(SIGINT, SIG_DFL);  // who started the tests may have wanted them to survive it
    noneq::flow::stop_on_signals();
    noneq::flow::set_last_line("run: go on with it");
    std::raise(SIGINT);
    std::raise(SIGINT);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  for (char byte = 0; ::read(ends[0], &byte, 1) == 1;) text += byte;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(text == "run: go on with it\ninterrupted\n");
}
