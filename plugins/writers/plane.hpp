// The axes of a picture of points in the plane, whose marks stay short however far from 0 the points lie.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

#include "axis.hpp"
#include "noneq/core/tensor.hpp"

namespace shipped {

// The ends of the axes, which hold all but a few outliers. A unit has one length along both, unless the quantities
// differ so much in scale that one would hardly show.
struct window {
  noneq::Tensor centre, half;  // float64 [2]

  double middle(std::int64_t axis) const { return centre[axis].item<double>(); }
  double reach(std::int64_t axis) const { return half[axis].item<double>(); }
};

inline window window_around(const noneq::Tensor& points) {
  const noneq::Tensor exact = points.to(at::kDouble), finite = exact.index({exact.isfinite().all(1)});
  const std::int64_t n = finite.size(0), cut = n / 500;
  if (n == 0) return {at::zeros({2}, at::kDouble), at::ones({2}, at::kDouble)};
  const noneq::Tensor sorted = std::get<0>(finite.sort(0));
  const noneq::Tensor low = sorted[cut], high = sorted[n - 1 - cut];
  // As far apart as float64 resolves numbers of this size.
  const double least = std::max(1e-6, 1e-13 * (low + high).abs().max().item<double>());
  constexpr double most = 5;  // between the extents of axes with one unit
  const double longer = std::max((high - low).max().item<double>(), least);
  const noneq::Tensor own = (high - low).clamp_min(least);
  const noneq::Tensor extent = own.min().item<double>() * most < longer ? own : at::full_like(own, longer);
  return {(low + high) / 2, 0.54 * extent};
}

// The offset that is subtracted from both coordinates, so that the marks beside the axes stay short.
inline noneq::Tensor offset_of(const window& w) {
  const auto along = [&](std::int64_t axis) {
    return offset_of_marks(w.middle(axis) - w.reach(axis), w.middle(axis) + w.reach(axis));
  };
  return at::tensor({along(0), along(1)}, at::kDouble);
}

// Commands of gnuplot that set both axes, of which `offset` is subtracted.
inline std::string axes_of(const window& w, const noneq::Tensor& offset) {
  std::ostringstream text;
  text.precision(12);
  for (std::int64_t axis = 0; axis < 2; ++axis) {
    const char name = "xy"[axis];
    const double middle = w.middle(axis) - offset[axis].item<double>(), half = w.reach(axis);
    text << "set " << name << "range [" << middle - half << ":" << middle + half << "]\nset " << name << "tics "
         << shortest(step_of_marks(2 * half, 5)) << "\n";
  }
  return text.str();
}

// The line below the figure that states an offset; "" when there is none.
inline std::string note_of(const noneq::Tensor& offset) {
  std::string note;
  for (std::int64_t axis = 0; axis < 2; ++axis)
    if (const double x = offset[axis].item<double>(); x != 0)
      note += (note.empty() ? "axes: " : ", ") + std::string(axis == 0 ? "x" : "y") + (x > 0 ? " − " : " + ") +
              shortest(std::abs(x));
  return note;
}

}
