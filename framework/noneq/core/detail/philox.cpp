#include "noneq/core/detail/philox.hpp"

#include <algorithm>
#include <cstddef>

// Without vectors Highway would fall back to a target of one lane, which cannot hold two words in a 64-bit lane.
#define HWY_BROKEN_EMU128 0
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/core/detail/philox.cpp"
#include <hwy/foreach_target.h>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace noneq::philox::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using wide = hn::ScalableTag<std::uint64_t>;
using words = hn::Repartition<std::uint32_t, wide>;
using whole = hn::RebindToSigned<words>;
using floats = hn::RebindToFloat<words>;
using wide_vector = hn::Vec<wide>;
using word_vector = hn::Vec<words>;
using float_vector = hn::Vec<floats>;
constexpr wide of_wide;
constexpr words of_words;
constexpr whole of_whole;
constexpr floats of_floats;

template <class V>
struct four {
  V v[4];
};

// A word in each 64-bit lane: the upper halves may hold anything, because the products read the lower ones only.
HWY_INLINE four<wide_vector> rounds(four<wide_vector> c, std::uint64_t key) {
  const auto m0 = hn::BitCast(of_words, hn::Set(of_wide, 0xD2511F53u));
  const auto m1 = hn::BitCast(of_words, hn::Set(of_wide, 0xCD9E8D57u));
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    const auto p0 = hn::MulEven(hn::BitCast(of_words, c.v[0]), m0);
    const auto p1 = hn::MulEven(hn::BitCast(of_words, c.v[2]), m1);
    c.v[0] = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c.v[1]), hn::Set(of_wide, k0));
    c.v[2] = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c.v[3]), hn::Set(of_wide, k1));
    c.v[1] = p1;
    c.v[3] = p0;
  }
  return c;
}

HWY_INLINE wide_vector merged(wide_vector even, wide_vector odd) {
  return hn::BitCast(of_wide, hn::OddEven(hn::BitCast(of_words, hn::ShiftLeft<32>(odd)), hn::BitCast(of_words, even)));
}

// The words of counters (block[l], sample[l]) for the lanes l of two vectors, merged into one vector a word.
HWY_INLINE four<word_vector> words_of(const wide_vector (&block)[2], const wide_vector (&sample)[2],
                                      std::uint64_t key) {
  four<wide_vector> made[2];
  for (int k = 0; k < 2; ++k)
    made[k] = rounds({{block[k], hn::ShiftRight<32>(block[k]), sample[k], hn::ShiftRight<32>(sample[k])}}, key);
  four<word_vector> all;
  for (int j = 0; j < 4; ++j) all.v[j] = hn::BitCast(of_words, merged(made[0].v[j], made[1].v[j]));
  return all;
}

HWY_INLINE float_vector number(float x) { return hn::Set(of_floats, x); }
HWY_INLINE float_vector times_plus(float_vector a, float_vector b, float_vector c) { return hn::Add(hn::Mul(a, b), c); }

// (0, 1)
HWY_INLINE float_vector unit_open(word_vector w) {
  const auto k = hn::ConvertTo(of_floats, hn::BitCast(of_whole, hn::ShiftRight<9>(w)));
  return hn::Mul(hn::Add(k, number(0.5f)), number(0x1p-23f));
}
HWY_INLINE float_vector unit_closed(word_vector w) {
  return hn::Mul(hn::ConvertTo(of_floats, hn::BitCast(of_whole, hn::ShiftRight<8>(w))), number(0x1p-24f));
}

// ln u for u in (0, 1): Cephes' minimax polynomial on [√½, √2).
HWY_INLINE float_vector log_unit(float_vector u) {
  constexpr std::int32_t root_half = 0x3f3504f3;
  const auto above = hn::Sub(hn::BitCast(of_whole, u), hn::Set(of_whole, root_half));
  const auto e = hn::ConvertTo(of_floats, hn::ShiftRight<23>(above));
  const auto mantissa = hn::Add(hn::And(above, hn::Set(of_whole, 0x007fffff)), hn::Set(of_whole, root_half));
  const auto m = hn::Sub(hn::BitCast(of_floats, mantissa), number(1.0f));
  const auto z = hn::Mul(m, m);
  auto p = number(7.0376836292e-2f);
  for (const float a : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                        2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f})
    p = times_plus(p, m, number(a));
  const auto low = times_plus(e, number(-2.12194440e-4f), hn::Mul(hn::Mul(p, m), z));
  const auto high = hn::Add(times_plus(z, number(-0.5f), low), m);
  return times_plus(e, number(0.693359375f), high);
}

// scale·cos 2πu and scale·sin 2πu, u in [0, 1): reduced to an eighth of a turn about the next quarter, Taylor
// polynomials there.
HWY_INLINE void turned(float_vector u, float_vector scale, float_vector& cosine, float_vector& sine) {
  const auto four_u = hn::Mul(u, number(4.0f));
  const auto quarter = hn::ConvertTo(of_whole, hn::Add(four_u, number(0.5f)));
  const auto a = hn::Mul(hn::Sub(four_u, hn::ConvertTo(of_floats, quarter)), number(1.57079632679f));
  const auto z = hn::Mul(a, a);
  auto s = number(2.7526e-6f), c = number(2.47609e-5f);
  for (const float k : {-1.98409e-4f, 8.3333331e-3f, -1.6666666666e-1f, 1.0f}) s = times_plus(s, z, number(k));
  for (const float k : {-1.388888e-3f, 4.16666664e-2f, -0.5f, 1.0f}) c = times_plus(c, z, number(k));
  s = hn::Mul(s, a);
  // In quarter q: cos is c, −s, −c, s and sin is s, c, −s, −c.
  const auto odd = hn::MaskFromVec(hn::BitCast(of_floats, hn::Neg(hn::And(quarter, hn::Set(of_whole, 1)))));
  const auto two = hn::Set(of_whole, 2);
  const auto sign_of_cosine = hn::ShiftLeft<30>(hn::And(hn::Add(quarter, hn::Set(of_whole, 1)), two));
  const auto sign_of_sine = hn::ShiftLeft<30>(hn::And(quarter, two));
  cosine = hn::Mul(scale, hn::Xor(hn::IfThenElse(odd, s, c), hn::BitCast(of_floats, sign_of_cosine)));
  sine = hn::Mul(scale, hn::Xor(hn::IfThenElse(odd, c, s), hn::BitCast(of_floats, sign_of_sine)));
}

struct box_muller {
  HWY_INLINE four<float_vector> operator()(const four<word_vector>& w) const {
    four<float_vector> out;
    for (int pair = 0; pair < 4; pair += 2) {
      const auto radius = hn::Sqrt(hn::Mul(number(-2.0f), log_unit(unit_open(w.v[pair]))));
      turned(unit_closed(w.v[pair + 1]), radius, out.v[pair], out.v[pair + 1]);
    }
    return out;
  }
};

struct units {
  HWY_INLINE four<float_vector> operator()(const four<word_vector>& w) const {
    four<float_vector> out;
    for (int j = 0; j < 4; ++j) out.v[j] = unit_closed(w.v[j]);
    return out;
  }
};

// Unit u of the work is block u % blocks of row u / blocks. In each half of a step a vector holds every second unit.
template <class Law>
HWY_INLINE void fill(const table& t, float* out, const Law& law) {
  const std::size_t lanes = hn::Lanes(of_words);
  const std::int64_t blocks = (t.width + 3) / 4, units = t.rows * blocks;
  const auto stride = static_cast<std::int64_t>(lanes);
  HWY_ALIGN std::uint64_t block_of[hn::MaxLanes(of_words)], sample_of[hn::MaxLanes(of_words)];
  HWY_ALIGN float made[4 * hn::MaxLanes(of_words)];
  std::int64_t row = 0, block = 0;
  for (std::int64_t unit = 0; unit < units; unit += stride) {
    wide_vector b[2], s[2];
    const std::int64_t row_here = row, block_here = block;
    const bool within = block + stride <= blocks;
    if (within) {
      const auto even =
          hn::Add(hn::Set(of_wide, static_cast<std::uint64_t>(block)), hn::ShiftLeft<1>(hn::Iota(of_wide, 0)));
      b[0] = even;
      b[1] = hn::Add(even, hn::Set(of_wide, 1));
      s[0] = s[1] = hn::Set(of_wide, static_cast<std::uint64_t>(t.first + row));
      if ((block += stride) == blocks) block = 0, ++row;
    } else {
      const std::size_t half = lanes / 2;
      for (std::size_t l = 0; l < lanes; ++l) {
        const std::size_t at = (l % 2) * half + l / 2;
        block_of[at] = static_cast<std::uint64_t>(block);
        sample_of[at] = static_cast<std::uint64_t>(t.first + row);
        if (++block == blocks) block = 0, ++row;
      }
      for (std::size_t k = 0; k < 2; ++k) {
        b[k] = hn::Load(of_wide, block_of + k * half);
        s[k] = hn::Load(of_wide, sample_of + k * half);
      }
    }
    const auto x = law(words_of(b, s, t.key));
    if (t.width % 4 == 0 && unit + stride <= units) {
      hn::StoreInterleaved4(x.v[0], x.v[1], x.v[2], x.v[3], of_floats, out + 4 * unit);
      continue;
    }
    hn::StoreInterleaved4(x.v[0], x.v[1], x.v[2], x.v[3], of_floats, made);
    const auto used = std::min(stride, units - unit);
    for (std::int64_t l = 0, r = row_here, k = block_here; l < used; ++l) {
      const std::int64_t left = std::min<std::int64_t>(4, t.width - 4 * k);
      std::copy_n(made + 4 * l, left, out + r * t.width + 4 * k);
      if (++k == blocks) k = 0, ++r;
    }
  }
}

void normal_rows(const table& t, float* out) { fill(t, out, box_muller()); }
void uniform_rows(const table& t, float* out) { fill(t, out, units()); }

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::philox {

HWY_EXPORT(normal_rows);
HWY_EXPORT(uniform_rows);

void normal(const table& t, float* out) { HWY_DYNAMIC_DISPATCH(normal_rows)(t, out); }
void uniform(const table& t, float* out) { HWY_DYNAMIC_DISPATCH(uniform_rows)(t, out); }

}
#endif
