// Streams whose batches several ranks map, and the bytes in which results travel.
#include "noneq/flow/divided_stream.hpp"

#include <mutex>

#include "doctest.hpp"
#include "flow/thread_ranks.hpp"
#include "noneq/flow/packed.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

// Squares of numbers, of which a second sink adds up the odd ones.
struct counted_stream {
  std::vector<std::int64_t> order;
  std::vector<double> squares;
  double odd = 0;
  std::function<void(std::int64_t)> before = [](std::int64_t) {};
  std::int64_t mapped = 0;
  std::mutex one;

  stream_graph graph(std::int64_t first, std::int64_t last, std::size_t tokens) {
    vertex data;
    data.fetch = [](std::int64_t k) {
      return batch{k, k, {{"x", at::full({1}, static_cast<double>(k), at::kDouble)}}};
    };
    vertex square, sum;
    square.in = sum.in = {{0}};
    sink_part s;
    s.map = [this](batch b, std::int64_t) -> std::any {
      before(b.step);
      const std::lock_guard guard(one);
      ++mapped;
      b.set("x", b.at("x").square());
      return b;
    };
    s.add = [this](std::any b) {
      const auto rows = std::any_cast<batch>(std::move(b));
      order.push_back(rows.step);
      squares.push_back(rows.at("x").item<double>());
    };
    s.pack = [](const std::any& b) {
      std::string bytes;
      pack(std::any_cast<const batch&>(b), bytes);
      return bytes;
    };
    s.unpack = [](std::string_view bytes) { return unpack_batch(bytes); };
    square.sink = s;
    s.map = [](batch b, std::int64_t) -> std::any { return std::fmod(b.at("x").item<double>(), 2); };
    s.add = [this](std::any x) { odd = odd / 3 + std::any_cast<double>(x); };
    s.pack = [](const std::any& x) {
      std::string bytes;
      pack_plain(std::any_cast<double>(x), bytes);
      return bytes;
    };
    s.unpack = [](std::string_view bytes) { return unpack_plain<double>(bytes); };
    sum.sink = s;
    stream_graph g;
    g.vertices = {data, square, sum};
    g.first = first, g.last = last, g.tokens = tokens;
    g.door = [](const vertex_call&, const std::function<void()>& f) { f(); };
    return g;
  }
};

}

TEST_CASE("the first rank adds the results of all in the order of the batches, for any number of ranks and batches") {
  for (const auto& [first, last] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 0}, {0, 1}, {3, 20}, {0, 64}}) {
    counted_stream alone;
    workers one(1);
    run_stream(one, alone.graph(first, last, 2));
    for (const int size : {1, 2, 3, 5}) {
      CAPTURE(size);
      std::mutex checking;
      std::int64_t mapped = 0;
      on_ranks(size, [&](const ranks& r) {
        counted_stream here;
        workers pool(2);
        run_divided(pool, here.graph(first, last, static_cast<std::size_t>(r.rank() == 1 ? 4 : 2)), r);
        const std::lock_guard guard(checking);
        mapped += here.mapped;
        if (last - first >= 12 && size > 1) CHECK((here.mapped > (last - first) / size) == (r.rank() == 1));
        CHECK(here.order == (r.first() ? alone.order : std::vector<std::int64_t>{}));
        CHECK(here.squares == (r.first() ? alone.squares : std::vector<double>{}));
        CHECK(here.odd == (r.first() ? alone.odd : 0));
      });
      CHECK(mapped == last - first);
    }
  }
}

TEST_CASE("an error or a stop of one rank ends the stream on all") {
  for (const bool stop : {false, true}) {
    const endings found = endings_on_ranks(3, [&](const ranks& r) {
      counted_stream here;
      here.before = [&](std::int64_t k) {
        if (k == 17 && stop) throw interrupted();
        if (k == 17) throw error("batch 17 is bad");
      };
      workers pool(1);
      run_divided(pool, here.graph(0, 40, 2), r);
    });
    CHECK(found.errors.size() == (stop ? 0 : 1));
    CHECK(found.on_first == (stop ? 0 : 1));
    for (const std::string& text : found.errors) CHECK(text.find("batch 17 is bad") != std::string::npos);
    CHECK(found.elsewhere.size() == (stop ? 0 : 2));
    CHECK(found.stopped == (stop ? 3 : 0));
  }
}

TEST_CASE("ranks that found other numbers of batches are refused") {
  const endings found = endings_on_ranks(3, [](const ranks& r) {
    counted_stream here;
    workers pool(1);
    run_divided(pool, here.graph(0, r.rank() == 2 ? 9 : 10, 2), r);
  });
  CHECK(found.errors.size() == 1);
  CHECK(found.on_first == 1);
  CHECK(found.elsewhere.size() == 2);
}

TEST_CASE("tensors and batches come out of their bytes as they were") {
  batch b{7, 30, {}};
  b.set("x", stream(1).normal({3, 2, 5}).transpose(1, 2));
  b.set("index", at::arange(3, at::kLong));
  b.set("flag", at::full({}, true, at::kBool));
  b.set("none", Tensor());
  b.set("empty", at::empty({0, 4}, at::kDouble));
  std::string bytes;
  pack(b, bytes);
  pack(batch{8, 33, {}}, bytes);
  std::string_view from = bytes;
  const batch back = unpack_batch(from);
  CHECK(back.step == 7);
  CHECK(back.first == 30);
  CHECK(back.tensors.size() == b.tensors.size());
  for (const auto& [name, tensor] : b.tensors) {
    CAPTURE(name);
    const Tensor& there = back.at(name);
    CHECK(there.defined() == tensor.defined());
    if (tensor.defined()) CHECK((there.sizes() == tensor.sizes() && at::equal(there, tensor)));
    if (tensor.defined()) CHECK(there.strides() == tensor.strides());
  }
  CHECK(unpack_batch(from).step == 8);
  CHECK(from.empty());
  b.fetched = std::make_shared<const int>(1);
  CHECK_THROWS_WITH_AS(pack(b, bytes),
                       "its batches hold data beside tensors, which another process cannot receive, need one process",
                       const error&);
}
