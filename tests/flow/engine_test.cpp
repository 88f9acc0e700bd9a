// Streams without plugins: order, joins, gates, parts, memory and errors of the engine.
#include "noneq/flow/engine.hpp"

#include <atomic>
#include <fstream>
#include <random>
#include <thread>

#include <sys/mman.h>
#include <unistd.h>
#include <cstring>

#include "doctest.hpp"
#include "noneq/core/error.hpp"

using namespace noneq;
using namespace noneq::flow;

namespace {

// Delays that differ from call to call and are the same in every run of the test.
void delay(std::uint64_t of) {
  std::mt19937_64 g(of);
  std::this_thread::sleep_for(std::chrono::microseconds(g() % 300));
}

batch numbered(std::int64_t k, const std::string& name = "x") {
  return {k, 4 * k, {{name, at::arange(4 * k, 4 * k + 4, at::kDouble)}}};
}

vertex data(const std::string& name = "x") {
  vertex v;
  v.fetch = [name](std::int64_t k) { return numbered(k, name); };
  return v;
}

vertex after(std::vector<vertex_output> in, std::function<batch(batch)> run = {}) {
  vertex v;
  v.in = std::move(in);
  v.run = std::move(run);
  return v;
}

sink_part collecting(std::vector<batch>& seen) {
  sink_part s;
  s.map = [](batch b, std::int64_t part) -> std::any {
    delay(static_cast<std::uint64_t>(7 * b.step + part));
    return b;
  };
  s.add = [&seen](std::any b) { seen.push_back(std::any_cast<batch>(std::move(b))); };
  return s;
}

stream_graph graph_of(std::vector<vertex> vertices, std::int64_t batches, std::size_t tokens = 3) {
  stream_graph g;
  g.vertices = std::move(vertices);
  g.last = batches;
  g.tokens = tokens;
  g.door = [](const vertex_call&, const std::function<void()>& f) { f(); };
  return g;
}

void check_steps(const std::vector<batch>& seen, std::int64_t count) {
  REQUIRE(static_cast<std::int64_t>(seen.size()) == count);
  for (std::int64_t k = 0; k < count; ++k) CHECK(seen[static_cast<std::size_t>(k)].step == k);
}

}

TEST_CASE("batches reach every sink in order, whatever the delays on the way, and a tee gives each the same") {
  workers pool(4);
  std::vector<batch> left, right;
  std::vector<vertex> v{data(),
                        after({{0}},
                              [](batch b) {
                                delay(static_cast<std::uint64_t>(b.step));
                                b.set("x", b.at("x") * 2);
                                return b;
                              }),
                        after({{1}}), after({{1}}, [](batch b) {
                          delay(static_cast<std::uint64_t>(b.step + 1000));
                          return b;
                        })};
  v[2].sink = collecting(left);
  v[3].sink = collecting(right);
  run_stream(pool, graph_of(v, 100));
  check_steps(left, 100);
  check_steps(right, 100);
  for (std::size_t k = 0; k < 100; ++k) {
    CHECK(at::equal(left[k].at("x"), 2 * numbered(static_cast<std::int64_t>(k)).at("x")));
    CHECK(at::equal(left[k].at("x"), right[k].at("x")));
  }
}

TEST_CASE("a join gives tensors of all inputs under their new names, and refuses names and rows that do not fit") {
  workers pool(4);
  std::vector<batch> seen;
  std::vector<vertex> v{data("x"), data("x"), after({{0}, {1}})};
  v[2].as = {{}, {{"x", "y"}}};
  v[2].sink = collecting(seen);
  run_stream(pool, graph_of(v, 50));
  check_steps(seen, 50);
  for (const batch& b : seen) CHECK(at::equal(b.at("x"), b.at("y")));

  v[2].as = {};
  CHECK_THROWS_WITH_AS(run_stream(pool, graph_of(v, 5)),
                       "got the tensor 'x' from two inputs, need other names by as:", error);
  v[2].as = {{}, {{"x", "y"}}};
  v[1].fetch = [](std::int64_t k) { return batch{k, 0, {{"x", at::zeros({3})}}}; };
  CHECK_THROWS_WITH_AS(run_stream(pool, graph_of(v, 5)),
                       "got 4 and 3 rows in batch 0, need as many in each input of a join", error);
}

TEST_CASE("a gated sink sees a batch only after the batch before it is complete, in parts, in order") {
  workers pool(4);
  double state = 1;
  std::atomic<int> inside = 0;
  std::vector<double> seen;
  std::vector<vertex> v{data(), after({{0}})};
  sink_part s;
  s.parts = 3;
  s.gated = true;
  s.enter = [&](batch b) {
    b.set("state", at::full({4}, state, at::kDouble));
    return b;
  };
  s.map = [&](batch b, std::int64_t part) -> std::any {
    ++inside;
    delay(static_cast<std::uint64_t>(11 * b.step + part));
    return b.at("state").sum().item<double>() + 100 * static_cast<double>(part);
  };
  double sum = 0;
  std::int64_t parts = 0;
  s.add = [&](std::any x) {
    sum += std::any_cast<double>(x) - 100 * static_cast<double>(parts);
    if (++parts < 3) return;
    CHECK(inside == 3);  // nothing of the next batch
    inside = 0, parts = 0, state += std::exchange(sum, 0);
    seen.push_back(state);
  };
  v[1].sink = s;
  run_stream(pool, graph_of(v, 6));
  CHECK(seen == std::vector<double>{5, 25, 125, 625, 3125, 15625});  // each batch saw the state of the one before
}

TEST_CASE("what a sink passes on reaches the vertices behind it in order") {
  workers pool(4);
  std::vector<batch> seen;
  batch last;
  std::vector<vertex> v{data(), after({{0}}), after({{1, 0}})};
  sink_part s;
  s.parts = 2;
  s.gated = true;
  s.map = [](batch b, std::int64_t) -> std::any { return b; };
  s.add = [&](std::any b) { last = std::any_cast<batch>(b); };
  s.pass_on = [&] { return std::vector<batch>{{last.step, 0, {{"y", last.at("x") + 1}}}}; };
  v[1].sink = s;
  v[2].sink = collecting(seen);
  run_stream(pool, graph_of(v, 20));
  check_steps(seen, 20);
  CHECK(at::equal(seen[3].at("y"), at::tensor({15., 16.}, at::kDouble)));
}

TEST_CASE("no more batches are under way than there are tokens") {
  workers pool(4);
  std::atomic<std::int64_t> made = 0, done = 0, most = 0;
  std::vector<vertex> v{data(), after({{0}})};
  v[0].fetch = [&](std::int64_t k) {
    most = std::max<std::int64_t>(most, ++made - done);
    return numbered(k);
  };
  sink_part s;
  s.map = [](batch b, std::int64_t) -> std::any { return b; };
  s.add = [&](std::any) {
    delay(static_cast<std::uint64_t>(done));
    ++done;
  };
  v[1].sink = s;
  stream_graph g = graph_of(v, 200, 5);
  std::atomic<std::int64_t> counted = 0;
  g.under_way = [&](std::int64_t n) {
    std::int64_t known = counted;
    while (n > known && !counted.compare_exchange_weak(known, n)) {
    }
  };
  run_stream(pool, g);
  CHECK(done == 200);
  CHECK(most <= 6);  // the sixth is fetched by the token that the first has just given back
  CHECK(counted <= 5);
}

TEST_CASE("a stream ends when it is told to, and what is dropped then cannot fail it") {
  workers pool(4);
  std::vector<batch> seen;
  std::vector<vertex> v{data(), after({{0}})};
  std::atomic<bool> ended = false;
  v[0].run = [&](batch b) {
    if (b.step <= 5) return b;
    while (!ended) std::this_thread::yield();
    delay(5);
    throw error("a batch behind the end");
  };
  v[1].sink = collecting(seen);
  v[1].sink->gated = true;
  stream_graph g = graph_of(v, 1000, 3);
  g.completed = [&](std::int64_t k) {
    ended = k == 5;
    return k < 5;
  };
  run_stream(pool, g);
  check_steps(seen, 6);
}

TEST_CASE("the first error of a vertex ends the stream, after all other calls have ended") {
  workers pool(4);
  std::atomic<int> inside = 0;
  std::vector<vertex> v{data(), after({{0}}, [&](batch b) {
                          ++inside;
                          delay(static_cast<std::uint64_t>(b.step));
                          --inside;
                          if (b.step == 7) throw error("seven");
                          return b;
                        })};
  std::vector<batch> seen;
  v[1].sink = collecting(seen);
  CHECK_THROWS_WITH_AS(run_stream(pool, graph_of(v, 100, 8)), "seven", error);
  CHECK(inside == 0);
  CHECK(seen.size() <= 7);
}

#ifndef __SANITIZE_THREAD__  // whose shadow of the memory is resident as well
// A tensor whose memory goes back to the system with it.
static Tensor mapped(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  ::madvise(memory, bytes, MADV_HUGEPAGE);  // to touch small pages would take most of the time
  std::memset(memory, 1, bytes);
  return at::from_blob(
      memory, {1, static_cast<std::int64_t>(bytes)}, [bytes](void* p) { ::munmap(p, bytes); }, at::kByte);
}

// Megabytes that a stream of so many batches of 8 rows of 1 MB holds at most, beyond those before it. The sink is
// slower than the source.
static double most_held(std::int64_t batches, std::size_t tokens) {
  const auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    double size = 0, pages = 0;
    statm >> size >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
  };
  workers pool(4);
  std::vector<vertex> v{data(), after({{0}})};
  v[0].fetch = [](std::int64_t k) { return batch{k, 8 * k, {{"x", mapped(8 << 20)}}}; };
  double most = 0;
  sink_part s;
  s.map = [](batch b, std::int64_t) -> std::any { return b; };
  s.add = [&](std::any) {
    most = std::max(most, resident());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  v[1].sink = s;
  const double before = resident();
  run_stream(pool, graph_of(v, batches, tokens));
  return most - before;
}

TEST_CASE("a slow sink behind a fast source holds no more memory than the tokens allow") {
  const double held = most_held(300, 4);
  CHECK(held >= 8);
  CHECK(held <= (4 + 2) * 8);
}

// Takes minutes: test_flow --no-skip -tc="*of a terabyte*"
TEST_CASE("10⁶ rows of 1 MB, which is the length of a terabyte, hold no more" * doctest::skip()) {
  CHECK(most_held(125'000, 4) <= (4 + 2) * 8);
}
#endif

TEST_CASE("batches are complete in order, also where nothing delays them") {
  workers pool(2);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::int64_t> added, completed;
    sink_part s;
    s.map = [](batch b, std::int64_t) -> std::any { return b.step; };
    s.add = [&](std::any k) { added.push_back(std::any_cast<std::int64_t>(k)); };
    vertex v = data();
    v.sink = std::move(s);
    stream_graph g = graph_of({v}, 3000, 8);
    g.completed = [&](std::int64_t k) {
      completed.push_back(k);
      return true;
    };
    run_stream(pool, g);
    REQUIRE(completed.size() == 3000);
    CHECK(std::is_sorted(completed.begin(), completed.end()));
    CHECK(completed == added);
  }
}
