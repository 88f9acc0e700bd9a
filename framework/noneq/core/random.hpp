// Counter-based randomness: every number is a function of (seed, name, step, sample, position) and of nothing else, so
// neither threads, batch sizes, shards nor interruptions change it. Philox 4x32-10 (Salmon et al. 2011) under
// Box–Muller. Values; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "noneq/core/tensor.hpp"

namespace noneq {

class stream {
 public:
  explicit stream(std::uint64_t seed) : key_(seed) {}

  // Returns an independent stream for a purpose ("noise") or a step.
  stream fork(std::string_view name) const;
  stream fork(std::int64_t step) const;

  // Return rows first, first+1, … of the endless table of samples; shape [n, …], float32. Row k is the same in all
  // calls.
  Tensor normal(const sizes& shape, std::int64_t first = 0) const;
  Tensor uniform(const sizes& shape, std::int64_t first = 0) const;  // [0, 1)

  // Returns 64 random bits, for seeding and shuffling.
  std::uint64_t bits(std::uint64_t index) const;

 private:
  std::uint64_t key_;
};

// Returns the k-th entry of a pseudo-random permutation of 0..n−1, in O(1) memory (a Feistel network walked until it
// lands inside).
std::int64_t permuted(const stream& s, std::int64_t k, std::int64_t n);

}
