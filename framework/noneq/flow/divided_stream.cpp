#include "noneq/flow/divided_stream.hpp"

#include "noneq/core/error.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/flow/packed.hpp"
#include "noneq/flow/shard_tree.hpp"

namespace noneq::flow {
namespace {

// The results of map() on one rank: for each vertex one for each batch, in order; none where the vertex has no sink.
using mapped_batches = std::vector<std::vector<std::any>>;

mapped_batches mapped_here(workers& pool, const stream_graph& s, const shard_block& own) {
  mapped_batches mapped(s.vertices.size());
  stream_graph here = s;
  here.first = own.first, here.last = own.last, here.completed = {};
  for (std::size_t v = 0; v < here.vertices.size(); ++v)
    if (auto& sink = here.vertices[v].sink)
      sink->add = [&to = mapped[v]](std::any result) { to.push_back(std::move(result)); };
  // Results are kept, not added, so no call is reported for them.
  here.door = [&s](const vertex_call& c, const std::function<void()>& f) {
    c.what == calling::add ? f() : s.door(c, f);
  };
  run_stream(pool, here);
  return mapped;
}

template <class Use>
void each_sink(const stream_graph& s, const Use& use) {
  for (std::size_t v = 0; v < s.vertices.size(); ++v)
    if (s.vertices[v].sink) use(v, *s.vertices[v].sink);
}

std::string packed(const stream_graph& s, const mapped_batches& mapped) {
  std::string bytes;
  each_sink(s, [&](std::size_t v, const sink_part& sink) {
    for (const std::any& result : mapped[v]) pack_text(sink.pack(result), bytes);
  });
  return bytes;
}

mapped_batches unpacked(const stream_graph& s, std::string_view bytes, std::int64_t batches) {
  mapped_batches mapped(s.vertices.size());
  each_sink(s, [&](std::size_t v, const sink_part& sink) {
    for (std::int64_t k = 0; k < batches; ++k) mapped[v].push_back(sink.unpack(unpack_text(bytes)));
  });
  return mapped;
}

void add(const stream_graph& s, mapped_batches mapped, const shard_block& of) {
  for (std::int64_t k = 0; k < of.size(); ++k)
    each_sink(s, [&](std::size_t v, const sink_part& sink) {
      stop_here_if_asked();
      s.door({v, calling::add, of.first + k}, [&] { sink.add(std::move(mapped[v][static_cast<std::size_t>(k)])); });
    });
}

struct extent_of_stream {
  std::int64_t first, last, vertices, tokens;
};

// Returns the tokens of each rank. Throws where ranks have other batches, because they would wait for each other.
std::vector<std::int64_t> tokens_of_all(const stream_graph& s, const ranks& r) {
  std::string mine;
  pack_plain(extent_of_stream{s.first, s.last, static_cast<std::int64_t>(s.vertices.size()),
                              static_cast<std::int64_t>(s.tokens)},
             mine);
  std::vector<std::int64_t> tokens;
  const std::vector<std::string> all = r.all(mine);
  together(r, [&] {
    for (std::string_view theirs : all) {
      const auto extent = unpack_plain<extent_of_stream>(theirs);
      if (extent.first != s.first || extent.last != s.last ||
          extent.vertices != static_cast<std::int64_t>(s.vertices.size()))
        throw error("the processes of this job found other numbers of rows, need the same files on all machines");
      tokens.push_back(extent.tokens);
    }
  });
  return tokens;
}

}

void run_divided(workers& pool, const stream_graph& s, const ranks& r) {
  // The sums of the tokens of the ranks before each: one with more threads maps more.
  std::vector<std::int64_t> before{0};
  for (const std::int64_t tokens : tokens_of_all(s, r)) before.push_back(before.back() + tokens);
  for (std::int64_t begin = s.first; begin < s.last; begin += before.back()) {
    const std::int64_t batches = std::min(before.back(), s.last - begin);
    const auto block = [&](int rank) {
      const auto begin_of = [&](std::size_t k) { return begin + batches * before[k] / before.back(); };
      const auto k = static_cast<std::size_t>(rank);
      return shard_block{begin_of(k), begin_of(k + 1)};
    };
    mapped_batches own;
    std::string bytes;
    together(r, [&] {
      own = mapped_here(pool, s, block(r.rank()));
      if (!r.first()) bytes = packed(s, own);
    });
    const std::vector<std::string> all = r.to_first(bytes);
    together(r, [&] {
      if (r.first())
        pool.execute([&] {
          add(s, std::move(own), block(0));
          for (int rank = 1; rank < r.size(); ++rank)
            add(s, unpacked(s, all[static_cast<std::size_t>(rank)], block(rank).size()), block(rank));
        });
    });
  }
}

}
