// An adaptive integrator of many rows at once, each with steps of its own: the result of a row must not depend on its
// neighbours. Dormand & Prince 1980, order 5 with an error of order 4; Hairer, Nørsett & Wanner 1993, §II.4. Pure, as
// thread-safe as the slope it is given.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "noneq/plugin/description.hpp"

namespace shipped {

// Plugins derive from it, to have its members as parameters.
struct tolerances {
  double absolute = 1e-5, relative = 1e-5;
  std::int64_t max_steps = 1000;  // tried ones, for each row
};

// `integrated` names the numbers that the tolerance is for, `otherwise` is what happens to a row that needs more steps.
template <class P>
void describe_tolerances(noneq::description<P>& d, const std::string& integrated, const std::string& otherwise) {
  d.param("absolute", &P::absolute, "tolerance of a step, for " + integrated, noneq::above(0))
      .param("relative", &P::relative, "the same as a share of the number itself", noneq::above(0))
      .param("max_steps", &P::max_steps, "steps tried per row; a row that needs more " + otherwise, noneq::at_least(1));
}

// dy/ds [a, K] of those rows (int64 [a]) of y that are still on their way, at s [a] and y [a, K].
using slope_of_rows =
    std::function<noneq::Tensor(const noneq::Tensor& s, const noneq::Tensor& y, const noneq::Tensor& rows)>;

struct integrated {
  noneq::Tensor y;        // [n, K]
  noneq::Tensor s;        // [n]: where each row is
  noneq::Tensor arrived;  // bool [n]
};

namespace dormand_prince {

inline constexpr std::array<double, 7> node{0, 1 / 5., 3 / 10., 4 / 5., 8 / 9., 1, 1};
// The last row is the step itself, so that its slope begins the next one.
inline constexpr std::array<std::array<double, 6>, 7> stage{
    {{},
     {1 / 5.},
     {3 / 40., 9 / 40.},
     {44 / 45., -56 / 15., 32 / 9.},
     {19372 / 6561., -25360 / 2187., 64448 / 6561., -212 / 729.},
     {9017 / 3168., -355 / 33., 46732 / 5247., 49 / 176., -5103 / 18656.},
     {35 / 384., 0, 500 / 1113., 125 / 192., -2187 / 6784., 11 / 84.}}};
inline constexpr std::array<double, 7> order_5_less_4{71 / 57600.,      0,         -71 / 16695., 71 / 1920.,
                                                      -17253 / 339200., 22 / 525., -1 / 40.};

}

// y [n, K] float64 from s = begin to s = end, in either direction. A row that is not finite stays where it is. A step
// is kept when the root mean square of error/(absolute + relative·|y|) over the first `together` columns, and that of
// every other column alone, is at most 1.
inline integrated integrate_rows(const slope_of_rows& slope, double begin, double end, noneq::Tensor y,
                                 std::int64_t together, const tolerances& wanted) {
  using namespace dormand_prince;
  if (end < begin) {
    const auto reversed = [&](const noneq::Tensor& back, const noneq::Tensor& at, const noneq::Tensor& of) {
      return -slope(-back, at, of);
    };
    const integrated there = integrate_rows(reversed, -begin, -end, std::move(y), together, wanted);
    return {there.y, -there.s, there.arrived};
  }
  integrated all{y.clone(), at::full({y.size(0)}, begin, at::kDouble), at::zeros({y.size(0)}, at::kBool)};
  noneq::Tensor rows = y.isfinite().all(1).nonzero().squeeze(1);
  const std::int64_t n = rows.size(0);
  if (n == 0) return all;
  y = y.index_select(0, rows);
  noneq::Tensor s = at::full({n}, begin, at::kDouble), h = at::full({n}, (end - begin) / 100, at::kDouble);
  noneq::Tensor first = slope(s, y, rows);
  for (std::int64_t tried = 0; tried < wanted.max_steps && rows.size(0) > 0; ++tried) {
    const noneq::Tensor last = h >= end - s;
    h = at::minimum(h, end - s);
    std::vector<noneq::Tensor> k{first};
    noneq::Tensor to;
    for (std::size_t i = 1; i < node.size(); ++i) {
      noneq::Tensor sum = stage[i][0] * k[0];
      for (std::size_t j = 1; j < i; ++j) sum = sum + stage[i][j] * k[j];
      to = y + h.unsqueeze(1) * sum;
      k.push_back(slope(s + node[i] * h, to, rows));
    }
    noneq::Tensor error = order_5_less_4[0] * k[0];
    for (std::size_t j = 1; j < k.size(); ++j) error = error + order_5_less_4[j] * k[j];
    const noneq::Tensor allowed = wanted.absolute + wanted.relative * at::maximum(y.abs(), to.abs());
    const noneq::Tensor share = h.unsqueeze(1) * error / allowed;
    noneq::Tensor largest = share.slice(1, 0, together).square().mean(1).sqrt();
    if (together < y.size(1)) largest = at::maximum(largest, share.slice(1, together).abs().amax(1));

    const noneq::Tensor kept = largest <= 1;  // false where it is not a number
    s = at::where(kept, at::where(last, at::full_like(s, end), s + h), s);
    y = at::where(kept.unsqueeze(1), to, y);
    first = at::where(kept.unsqueeze(1), k.back(), first);
    h = h * at::where(largest.isfinite(), (0.9 * largest.pow(-0.2)).clamp(0.2, 10), at::full_like(h, 0.2));

    all.y.index_copy_(0, rows, y);
    all.s.index_copy_(0, rows, s);
    const noneq::Tensor there = kept & last, on_its_way = there.logical_not().nonzero().squeeze(1);
    all.arrived.index_copy_(0, rows, there);
    for (noneq::Tensor* of_rows : {&rows, &s, &h, &y, &first}) *of_rows = of_rows->index_select(0, on_its_way);
  }
  return all;
}

}
