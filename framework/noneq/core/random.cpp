#include "noneq/core/random.hpp"

#include <array>
#include <bit>
#include <cmath>

namespace noneq {
namespace {

constexpr int lanes = 16;
using lane_words = std::array<std::uint32_t, lanes>;
using lane_floats = std::array<float, lanes>;

std::uint64_t mix(std::uint64_t z) {  // splitmix64's finaliser (Steele et al. 2014)
  z += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// Written lane by lane so that the compiler turns each loop into vector instructions of whatever the machine has.
[[gnu::always_inline]] inline void philox(std::array<lane_words, 4>& c, std::uint64_t key) {
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
    for (int l = 0; l < lanes; ++l) {
      const std::uint64_t p0 = 0xD2511F53ull * c[0][l], p1 = 0xCD9E8D57ull * c[2][l];
      const std::uint32_t x1 = c[1][l], x3 = c[3][l];
      c[0][l] = static_cast<std::uint32_t>(p1 >> 32) ^ x1 ^ k0;
      c[1][l] = static_cast<std::uint32_t>(p1);
      c[2][l] = static_cast<std::uint32_t>(p0 >> 32) ^ x3 ^ k1;
      c[3][l] = static_cast<std::uint32_t>(p0);
    }
}

// ln u for u in (0, 1): Cephes' minimax polynomial on [√½, √2), branch-free.
[[gnu::always_inline]] inline float log_unit(float u) {
  const auto word = std::bit_cast<std::int32_t>(u);
  std::int32_t exponent = ((word >> 23) & 0xff) - 126;
  float m = std::bit_cast<float>((word & 0x007fffff) | 0x3f000000);
  const bool small = m < 0.70710678f;
  exponent -= small ? 1 : 0;
  m = (small ? m + m : m) - 1.0f;
  const float z = m * m;
  float p = 7.0376836292e-2f;
  for (const float a : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                        2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f})
    p = p * m + a;
  const auto e = static_cast<float>(exponent);
  return p * m * z - 2.12194440e-4f * e - 0.5f * z + m + 0.693359375f * e;
}

struct unit_vector {
  float cos, sin;
};

// cos and sin of 2πu, u in [0, 1): reduced to a quarter turn, Taylor polynomials there.
[[gnu::always_inline]] inline unit_vector turn(float u) {
  const float scaled = 4.0f * u + 0.5f;
  const auto quarter = static_cast<std::int32_t>(scaled);
  const float a = (4.0f * u - static_cast<float>(quarter)) * 1.57079632679f, z = a * a;
  const float s = a * (1.0f + z * (-1.6666666666e-1f + z * (8.3333331e-3f + z * (-1.98409e-4f + z * 2.7526e-6f))));
  const float c = 1.0f + z * (-0.5f + z * (4.16666664e-2f + z * (-1.388888e-3f + z * 2.47609e-5f)));
  const bool odd = quarter & 1;
  const float cosine = odd ? s : c, sine = odd ? c : s;
  const auto q = quarter & 3;
  return {(q == 1 || q == 2) ? -cosine : cosine, (q == 2 || q == 3) ? -sine : sine};
}

[[gnu::always_inline]] inline float unit_open(std::uint32_t w) {
  return (static_cast<float>(static_cast<std::int32_t>(w >> 9)) + 0.5f) * 0x1p-23f;
}
[[gnu::always_inline]] inline float unit_closed(std::uint32_t w) {
  return static_cast<float>(static_cast<std::int32_t>(w >> 8)) * 0x1p-24f;
}

[[gnu::always_inline]] inline void box_muller(const std::array<lane_words, 4>& w, std::array<lane_floats, 4>& out) {
  for (int pair = 0; pair < 4; pair += 2)
    for (int l = 0; l < lanes; ++l) {
      const float radius = std::sqrt(-2.0f * log_unit(unit_open(w[pair][l])));
      const unit_vector v = turn(unit_closed(w[pair + 1][l]));
      out[pair][l] = radius * v.cos;
      out[pair + 1][l] = radius * v.sin;
    }
}

[[gnu::always_inline]] inline void to_unit(const std::array<lane_words, 4>& w, std::array<lane_floats, 4>& out) {
  for (int j = 0; j < 4; ++j)
    for (int l = 0; l < lanes; ++l) out[j][l] = unit_closed(w[j][l]);
}

enum class law { normal, uniform };

// Unit u of the work is block u % blocks of row u / blocks; a block is four numbers.
template <law Law>
[[gnu::always_inline]] inline void fill_rows(float* out, std::int64_t rows, std::int64_t width, std::int64_t first,
                                             std::uint64_t key) {
  const std::int64_t blocks = (width + 3) / 4, units = rows * blocks;
  std::array<lane_words, 4> words;
  std::array<lane_floats, 4> numbers;
  for (std::int64_t unit = 0; unit < units; unit += lanes) {
    std::int64_t row = unit / blocks, block = unit % blocks;
    std::array<std::int64_t, lanes> at;
    for (int l = 0; l < lanes; ++l) {
      const std::int64_t sample = first + row;
      words[0][l] = static_cast<std::uint32_t>(block);
      words[1][l] = static_cast<std::uint32_t>(block >> 32);
      words[2][l] = static_cast<std::uint32_t>(sample);
      words[3][l] = static_cast<std::uint32_t>(sample >> 32);
      at[l] = row * width + 4 * block;
      if (++block == blocks) block = 0, ++row;
    }
    philox(words, key);
    if constexpr (Law == law::normal)
      box_muller(words, numbers);
    else
      to_unit(words, numbers);
    const auto used = static_cast<int>(std::min<std::int64_t>(lanes, units - unit));
    for (int l = 0; l < used; ++l) {
      const std::int64_t left = width - at[l] % width;
      for (int j = 0; j < 4 && j < left; ++j) out[at[l] + j] = numbers[j][l];
    }
  }
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define NONEQ_CLONES [[gnu::target_clones("arch=skylake-avx512", "arch=haswell", "default")]]
#else
#define NONEQ_CLONES
#endif
NONEQ_CLONES void fill_normal(float* out, std::int64_t rows, std::int64_t width, std::int64_t first,
                              std::uint64_t key) {
  fill_rows<law::normal>(out, rows, width, first, key);
}
NONEQ_CLONES void fill_uniform(float* out, std::int64_t rows, std::int64_t width, std::int64_t first,
                               std::uint64_t key) {
  fill_rows<law::uniform>(out, rows, width, first, key);
}
#undef NONEQ_CLONES

template <class Fill>
Tensor filled(const sizes& shape, std::int64_t first, std::uint64_t key, Fill fill) {
  Tensor out = at::empty(shape, at::kFloat);
  const std::int64_t rows = shape.empty() ? 1 : shape[0];
  if (out.numel() > 0) fill(out.data_ptr<float>(), rows, out.numel() / rows, first, key);
  return out;
}

}

stream stream::fork(std::string_view name) const {
  std::uint64_t h = 0xcbf29ce484222325ull;  // FNV-1a
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return stream(mix(key_ ^ mix(h)));
}

stream stream::fork(std::int64_t step) const { return stream(mix(mix(key_) + static_cast<std::uint64_t>(step))); }

Tensor stream::normal(const sizes& shape, std::int64_t first) const { return filled(shape, first, key_, fill_normal); }

Tensor stream::uniform(const sizes& shape, std::int64_t first) const {
  return filled(shape, first, key_, fill_uniform);
}

std::uint64_t stream::bits(std::uint64_t index) const { return mix(mix(key_) ^ mix(index)); }

std::int64_t permuted(const stream& s, std::int64_t k, std::int64_t n) {
  int half = 1;
  while ((std::int64_t{1} << (2 * half)) < n) ++half;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  auto value = static_cast<std::uint64_t>(k);
  do {
    std::uint64_t left = value >> half, right = value & mask;
    for (std::uint64_t round = 0; round < 6; ++round) {
      const std::uint64_t next = left ^ (s.bits((round << 48) ^ right) & mask);
      left = right;
      right = next;
    }
    value = (left << half) | right;
  } while (value >= static_cast<std::uint64_t>(n));
  return static_cast<std::int64_t>(value);
}

}
