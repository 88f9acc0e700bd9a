// Work on long vectors, cut into pieces that fit a core's own cache: a piece is worked on until it is done, and the
// pieces in parallel. Where the cuts are depends on the length alone, so results do not depend on the threads.
#pragma once

#include <cstdint>
#include <functional>

namespace noneq {

constexpr std::int64_t piece_numbers = 32768;

// f(i) for i = 0 … count−1, in any order and in parallel; libtorch is single-threaded within. What f throws surfaces.
void each_piece(std::int64_t count, const std::function<void(std::int64_t i)>& f);

// f(first, n) for the pieces of a vector of `numbers`, likewise.
void in_pieces(std::int64_t numbers, const std::function<void(std::int64_t first, std::int64_t n)>& f);

}
