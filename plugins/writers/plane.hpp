// The axes of a picture of points in the plane, whose marks stay short however far from 0 the points lie.
#pragma once

#include "axis.hpp"
#include "noneq/core/tensor.hpp"

namespace shipped {

// The ends of the axes: a square that holds all but a few outliers.
struct square {
  noneq::Tensor centre;  // float64 [2]
  double half;
};

inline square square_around(const noneq::Tensor& points) {
  const noneq::Tensor exact = points.to(at::kDouble), finite = exact.index({exact.isfinite().all(1)});
  const std::int64_t n = finite.size(0), cut = n / 500;
  if (n == 0) return {at::zeros({2}, at::kDouble), 1};
  const noneq::Tensor sorted = std::get<0>(finite.sort(0));
  const noneq::Tensor low = sorted[cut], high = sorted[n - 1 - cut];
  // As far apart as float64 resolves numbers of this size.
  const double least = std::max(1e-6, 1e-13 * (low + high).abs().max().item<double>());
  return {(low + high) / 2, 0.54 * std::max((high - low).max().item<double>(), least)};
}

// The offset that is subtracted from both coordinates, so that the marks beside the axes stay short.
inline noneq::Tensor offset_of(const square& s) {
  const auto along = [&](std::int64_t axis) {
    const double centre = s.centre[axis].item<double>();
    return offset_of_marks(centre - s.half, centre + s.half);
  };
  return at::tensor({along(0), along(1)}, at::kDouble);
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
