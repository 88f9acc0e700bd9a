// Work on long vectors, cut into pieces that fit a core's own cache: each piece is finished before the next, and pieces
// run in parallel. The cuts depend on the length alone, so results do not depend on the threads.
#pragma once

#include <cstdint>
#include <functional>

#include "noneq/core/tensor.hpp"

namespace noneq::flow {

constexpr std::int64_t piece_numbers = 32768;

// The numbers [first, first + numbers) of a vector.
struct number_range {
  std::int64_t first, numbers;
};

// A piece of one of several vectors.
struct vector_piece {
  std::size_t vector;
  std::int64_t first, numbers;  // of the vector
  bool whole;                   // it is all of the vector, whatever its dimensions

  Tensor part_of(const Tensor& t) const { return whole ? t : t.narrow(0, first, numbers); }
};

// Calls f(i) for i = 0 … count−1, in any order and in parallel; libtorch is single-threaded within. Rethrows from f.
void each_piece(std::int64_t count, const std::function<void(std::int64_t i)>& f);

// Calls f(first, n) for the pieces of a vector of `numbers`, likewise.
void in_pieces(std::int64_t numbers, const std::function<void(std::int64_t first, std::int64_t n)>& f);

}
