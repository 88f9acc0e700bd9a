// A set of points widened to balls, each as large as the distance to its k-th nearest neighbour in the set
// (Kynkäänniemi et al. 2019, eq. 1). Distances in float64, block by block. Const use is thread-safe.
#pragma once

#include "distances.hpp"
#include "rows.hpp"

namespace shipped {

class manifold {
 public:
  // points [n, D] with n > k. The blocks are computed in parallel by `pass`.
  manifold(const noneq::Tensor& points, std::int64_t k, const noneq::row_pass& pass) : points_(points.to(at::kDouble)) {
    radii_ = of_blocks(points_, pass, [&](const noneq::Tensor& some) {
      // A point is its own nearest neighbour.
      return std::get<0>(squared_distances(some, points_).topk(k + 1, 1, false)).select(1, k);
    });
  }

  // Returns whether each of `points` [m, D] lies in a ball: bool [m].
  noneq::Tensor holds(const noneq::Tensor& points, const noneq::row_pass& pass) const {
    return of_blocks(points.to(at::kDouble), pass,
                     [&](const noneq::Tensor& some) { return squared_distances(some, points_).le(radii_).any(1); });
  }

 private:
  // Returns f of blocks of the points, joined.
  static noneq::Tensor of_blocks(const noneq::Tensor& points, const noneq::row_pass& pass,
                                 const std::function<noneq::Tensor(const noneq::Tensor& some)>& f) {
    constexpr std::int64_t block = 256;
    return mapped(pass, {"", points.size(0), 0, block, false},
                  [&](const noneq::batch& b) -> noneq::batch {
                    return {b.step, b.first, {{"values", f(points.slice(0, b.first, b.first + block))}}};
                  })
        .joined("values");
  }

  noneq::Tensor points_, radii_;
};

}
