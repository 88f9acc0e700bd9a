// The transforms of tiles and the products of planes, once per instruction set: included by files that Highway compiles
// for every target. Downwards polynomials are taken at 0, 1, −1 and ∞, across at 0, ±2/3, ±3/2 and ∞, where the errors
// of rounding grow least. T, the type of pixels [height, width, channels], is float or hardware_bf16.
#if defined(NONEQ_TILES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef NONEQ_TILES_INL
#undef NONEQ_TILES_INL
#else
#define NONEQ_TILES_INL
#endif

#include "noneq/compute/detail/kernels/pairs-inl.hpp"
#include "noneq/compute/detail/kernels/vector-inl.hpp"
#include "noneq/compute/detail/winograd/tiles.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::winograd::HWY_NAMESPACE {

using namespace compute::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr std::size_t lanes = hn::MaxLanes(D());

// The points within 1 and beyond it, their squares, and the divisors of the products with them. The inner point times
// the outer is 1.
struct point {
  float at, squared, divisor;
};
constexpr float inner_squared = 4 / 9.0f, outer_squared = 9 / 4.0f, squares = inner_squared + outer_squared;
constexpr point inner{2 / 3.0f, inner_squared, 2 * inner_squared*(inner_squared - outer_squared)},
    outer{3 / 2.0f, outer_squared, 2 * outer_squared*(outer_squared - inner_squared)};

template <class T, std::size_t rows>
HWY_INLINE void load_column(const strip<T, rows>& x, std::size_t w, std::size_t c, V (&v)[rows]) {
  const std::size_t at = x.columns(w);
#pragma GCC unroll 4
  for (std::size_t r = 0; r < rows; ++r)
    v[r] = at < x.columns.n && x.row[r] != nullptr ? load(D(), x.row[r] + at * x.channels + c) : hn::Zero(D());
}

// Bᵀ·d of a column of the input.
template <class T>
HWY_INLINE void read_column(const strip<T, 4>& x, std::size_t w, std::size_t c, V (&v)[4]) {
  V d[4];
  load_column(x, w, c, d);
  v[0] = hn::Sub(d[0], d[2]);
  v[1] = hn::Add(d[1], d[2]);
  v[2] = hn::Sub(d[2], d[1]);
  v[3] = hn::Sub(d[1], d[3]);
}

// a + by·b
HWY_INLINE V plus(V a, float by, V b) { return hn::MulAdd(hn::Set(D(), by), b, a); }

// Two planes, at `by` and −by, of their even and odd parts.
HWY_INLINE void put_both(V even, float by, V odd, V* to) {
  to[0] = plus(even, by, odd);
  to[1] = plus(even, -by, odd);
}

// Bᵀ·d of a row of the input.
HWY_INLINE void transform_row(const V (&d)[planes_across], V (&v)[planes_across]) {
  v[0] = plus(hn::Add(d[0], d[4]), -squares, d[2]);
  put_both(plus(d[4], -outer.squared, d[2]), inner.at, plus(d[3], -outer.squared, d[1]), v + 1);
  put_both(plus(d[4], -inner.squared, d[2]), outer.at, plus(d[3], -inner.squared, d[1]), v + 3);
  v[5] = plus(hn::Add(d[1], d[5]), -squares, d[3]);
}

// A·dy of a row of the output's gradient.
HWY_INLINE void transform_row(const V (&d)[tile_width], V (&v)[planes_across]) {
  v[0] = d[0];
  put_both(plus(d[0], inner.squared, d[2]), inner.at, plus(d[1], inner.squared, d[3]), v + 1);
  put_both(plus(d[0], outer.squared, d[2]), outer.at, plus(d[1], outer.squared, d[3]), v + 3);
  v[5] = d[3];
}

// The planes of a tile of which the columns are transformed: to(plane, tile, …).
template <std::size_t columns, class To>
HWY_INLINE void put_planes(const V (&d)[columns][4], std::size_t tile, const To& to) {
#pragma GCC unroll 4
  for (std::size_t r = 0; r < 4; ++r) {
    V row[columns], v[planes_across];
#pragma GCC unroll 6
    for (std::size_t k = 0; k < columns; ++k) row[k] = d[k][r];
    transform_row(row, v);
#pragma GCC unroll 6
    for (std::size_t k = 0; k < planes_across; ++k) to(planes_across * r + k, tile, v[k]);
  }
}

// Bᵀ·d·B of `count` tiles of a row from column `first` on: to(plane, 0 … count − 1, channels c … c + lanes − 1).
template <class T, class To>
HWY_INLINE void read_tiles(const strip<T, 4>& x, std::size_t first, std::size_t count, std::size_t c, const To& to) {
  V d[planes_across][4];
  read_column(x, first - 1, c, d[tile_width]);
  read_column(x, first, c, d[tile_width + 1]);
  for (std::size_t t = 0; t < count; ++t) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < 4; ++r) {
      d[0][r] = d[tile_width][r];
      d[1][r] = d[tile_width + 1][r];
    }
#pragma GCC unroll 4
    for (std::size_t k = 1; k <= tile_width; ++k) read_column(x, first + tile_width * t + k, c, d[k + 1]);
    put_planes(d, t, to);
  }
}

// A·dy of a column of the output's gradient.
template <class T>
HWY_INLINE void read_gradient_column(const strip<T, 2>& dy, std::size_t w, std::size_t c, V (&v)[4]) {
  V d[2];
  load_column(dy, w, c, d);
  v[0] = d[0];
  v[1] = hn::Add(d[0], d[1]);
  v[2] = hn::Sub(d[0], d[1]);
  v[3] = hn::Neg(d[1]);
}

// A·dy·Aᵀ as above; the sum of the pixels is added to `sum`.
template <class T, class To>
HWY_INLINE void read_gradient_tiles(const strip<T, 2>& dy, std::size_t count, std::size_t c, const To& to, V& sum) {
  for (std::size_t t = 0; t < count; ++t) {
    V d[tile_width][4];
#pragma GCC unroll 4
    for (std::size_t k = 0; k < tile_width; ++k) {
      read_gradient_column(dy, tile_width * t + k, c, d[k]);
      sum = hn::Add(sum, d[k][1]);
    }
    put_planes(d, t, to);
  }
}

// Writes v as words, each of them `first` and v where there are two numbers in one.
HWY_INLINE void store_words(const float*, V v, word* to) { store(v, D(), reinterpret_cast<float*>(to)); }
#if NONEQ_AVX512
HWY_INLINE void store_words(const hardware_bf16* first, V v, word* to) {
  const hn::Rebind<std::uint32_t, D> wide;
  const hn::Rebind<std::uint16_t, D> narrow;
  const auto low = hn::PromoteTo(wide, hn::LoadU(narrow, &first->bits)), high = hn::PromoteTo(wide, rounded(v));
  hn::StoreU(hn::Or(low, hn::ShiftLeft<16>(high)), wide, to);
}
#endif

// sums[rows, 2·lanes] = Σ over `length` rows of a[rows]·b[2·lanes], or that is added to them.
template <std::size_t rows>
HWY_INLINE void multiply_registers(const float* a, std::size_t between, std::size_t a_step, const float* b,
                                   std::size_t b_step, std::size_t length, bool add, float* sums, std::size_t row) {
  V low[rows], high[rows];
#pragma GCC unroll 12
  for (std::size_t i = 0; i < rows; ++i) {
    low[i] = add ? load(D(), sums + i * row) : hn::Zero(D());
    high[i] = add ? load(D(), sums + i * row + lanes) : hn::Zero(D());
  }
  for (std::size_t p = 0; p < length; ++p, a += a_step, b += b_step) {
    const V b_low = load(D(), b), b_high = load(D(), b + lanes);
#pragma GCC unroll 12
    for (std::size_t i = 0; i < rows; ++i) {
      const V same = hn::Set(D(), a[i * between]);
      low[i] = hn::MulAdd(same, b_low, low[i]);
      high[i] = hn::MulAdd(same, b_high, high[i]);
    }
  }
#pragma GCC unroll 12
  for (std::size_t i = 0; i < rows; ++i) {
    store(low[i], D(), sums + i * row);
    store(high[i], D(), sums + i * row + lanes);
  }
}

// sums[count, many] = Σ over `length` rows of a[count]·b[many], or that is added to them; sums are `row` apart. a's
// words are `between` apart, and `a_step` from row to row; b's stand one beside the other, `b_step` from row to row.
template <class T, std::size_t count>
HWY_INLINE void multiply(const void* a, std::size_t between, std::size_t a_step, const word* b, std::size_t b_step,
                         std::size_t length, bool add, float* sums, std::size_t row) {
#if NONEQ_AVX512
  static_assert(pairs::many == many);
  if constexpr (is_bf16<T>) return pairs::multiply<count>({a, between, a_step}, b, b_step, length, add, sums, row);
#endif
  // Two vectors of as many rows as stay in the registers.
  constexpr std::size_t rows = lanes < 16 && count % 6 == 0 ? 6 : lanes < 16 ? 4 : count;
  static_assert(count % rows == 0);
  const auto *from = static_cast<const float*>(a), *by = reinterpret_cast<const float*>(b);
  for (std::size_t o = 0; o < many; o += 2 * lanes)
    for (std::size_t i = 0; i < count; i += rows)
      multiply_registers<rows>(from + i * between, between, a_step, by + o, b_step, length, add, sums + i * row + o,
                               row);
}

}
HWY_AFTER_NAMESPACE();
#endif
