// The order of sums over shards: the ranks' parts of it make the same sum.
#include "noneq/flow/shard_tree.hpp"

#include <map>

#include "doctest.hpp"
#include "noneq/core/random.hpp"

using namespace noneq;
using namespace noneq::flow;

namespace {

Tensor gradient(std::int64_t shard) { return stream(5).fork(shard).normal({7}); }

// Every third shard has nothing to add where there are some to spare.
Tensor leaf(std::int64_t shard, bool gaps) { return gaps && shard % 3 == 1 ? Tensor() : gradient(shard); }

Tensor sum_of(const shard_block& node, bool gaps) {
  return tree_sum(
      node, [&](const shard_block& n) { return n.size() == 1 ? std::optional(leaf(n.first, gaps)) : std::nullopt; });
}

}

TEST_CASE("whatever the number of ranks, their nodes cover the shards once and sum to the same bits") {
  for (std::int64_t shards = 1; shards <= 24; ++shards)
    for (const bool gaps : {false, true}) {
      const Tensor whole = sum_of({0, shards}, gaps);
      for (std::int64_t ranks = 1; ranks <= shards; ++ranks) {
        if (shards % ranks != 0) continue;
        std::map<std::pair<std::int64_t, std::int64_t>, Tensor> known;
        std::int64_t next = 0;
        for (std::int64_t r = 0; r < ranks; ++r) {
          std::vector<shard_block> nodes;
          nodes_within(block_of(r, ranks, shards), {0, shards}, nodes);
          for (const shard_block& n : nodes) {
            CHECK(n.first == next);
            next = n.last;
            known[{n.first, n.last}] = sum_of(n, gaps);
          }
        }
        CHECK(next == shards);
        const Tensor parts = tree_sum({0, shards}, [&](const shard_block& n) -> std::optional<Tensor> {
          const auto found = known.find({n.first, n.last});
          return found == known.end() ? std::nullopt : std::optional(found->second);
        });
        CHECK(whole.defined() == parts.defined());
        if (whole.defined()) CHECK(at::equal(whole, parts));
      }
    }
}

TEST_CASE("ranks that are powers of two send one sum each") {
  for (const std::int64_t ranks : {1, 2, 4, 8})
    for (std::int64_t r = 0; r < ranks; ++r) {
      std::vector<shard_block> nodes;
      nodes_within(block_of(r, ranks, 16), {0, 16}, nodes);
      CHECK(nodes.size() == 1);
    }
}

TEST_CASE("the sum is that of the definition") {
  Tensor plain = at::zeros({7}, at::kDouble);
  for (std::int64_t s = 0; s < 13; ++s) plain += gradient(s).to(at::kDouble);
  CHECK(at::allclose(sum_of({0, 13}, false).to(at::kDouble), plain, 1e-5, 1e-6));
}
