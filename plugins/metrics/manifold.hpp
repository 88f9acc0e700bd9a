// A set of points widened to balls, each as large as the distance to its k-th nearest neighbour in the set
// (Kynkäänniemi et al. 2019, eq. 1). Distances in float64, block by block. Const use is thread-safe.
#pragma once

#include <functional>

#include "distances.hpp"

namespace noneq {

class manifold {
 public:
  using parallel = std::function<void(std::int64_t n, const std::function<void(std::int64_t)>& f)>;

  // points [n, D] with n > k.
  manifold(const Tensor& points, std::int64_t k, const parallel& run)
      : points_(points.to(at::kDouble)), radii_(at::empty({points.size(0)}, at::kDouble)) {
    blocks(points_, run, [&](std::int64_t first, const Tensor& some) {
      // A point is its own nearest neighbour.
      const Tensor kth = std::get<0>(squared_distances(some, points_).topk(k + 1, 1, false)).select(1, k);
      radii_.narrow(0, first, some.size(0)).copy_(kth);
    });
  }

  // Whether each of `points` [m, D] lies in a ball: bool [m].
  Tensor holds(const Tensor& points, const parallel& run) const {
    const Tensor found = at::empty({points.size(0)}, at::kBool);
    blocks(points.to(at::kDouble), run, [&](std::int64_t first, const Tensor& some) {
      found.narrow(0, first, some.size(0)).copy_(squared_distances(some, points_).le(radii_).any(1));
    });
    return found;
  }

 private:
  static void blocks(const Tensor& points, const parallel& run,
                     const std::function<void(std::int64_t first, const Tensor& some)>& use) {
    constexpr std::int64_t block = 256;
    run((points.size(0) + block - 1) / block,
        [&](std::int64_t i) { use(i * block, points.slice(0, i * block, (i + 1) * block)); });
  }

  Tensor points_, radii_;
};

}
