// Rows of random numbers by Philox 4×32-10 (Salmon et al. 2011), vectorised for the machine the program runs on. Only
// operations that IEEE 754 rounds exactly, in a fixed order and without fused products, so every instruction set gives
// the same bits. Thread-safe.
#pragma once

#include <cstdint>

namespace noneq::philox {

// Rows first, first+1, … of the table of `key`, each of `width` numbers, into out [rows, width]. Numbers 4b … 4b+3 of
// row r are made of the four words of counter (b, r).
struct table {
  std::uint64_t key;
  std::int64_t first, rows, width;
};

// N(0, 1), by Box & Muller 1958: √(−2 ln u)·(cos 2πv, sin 2πv) from each two words.
void normal(const table& t, float* out);
// [0, 1), multiples of 2⁻²⁴.
void uniform(const table& t, float* out);

}
