// Random rectangles of a grid. Pure, thread-safe.
#pragma once

#include <cmath>

#include "noneq/core/random.hpp"
#include "noneq/core/tensor.hpp"

namespace shipped {

// Returns bool [height, width], true in rectangles with sides of up to half the grid's, which are drawn from s until
// they cover `share` of it, to the nearest number: of the last rectangle the lines beyond that are left out.
inline noneq::Tensor rectangles(const noneq::stream& s, std::int64_t height, std::int64_t width, double share) {
  const auto wanted = static_cast<std::int64_t>(std::llround(share * static_cast<double>(height * width)));
  std::vector<bool> covered(static_cast<std::size_t>(height * width), false);
  std::int64_t count = 0;
  std::uint64_t drawn = 0;
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(s.bits(drawn++) % static_cast<std::uint64_t>(n));
  };
  while (count < wanted) {
    const std::int64_t h = 1 + below((height + 1) / 2), w = 1 + below((width + 1) / 2), y = below(height - h + 1),
                       x = below(width - w + 1);
    for (std::int64_t i = y; i < y + h; ++i)
      for (std::int64_t j = x; j < x + w && count < wanted; ++j) {
        const auto at = static_cast<std::size_t>(i * width + j);
        count += covered[at] ? 0 : 1;
        covered[at] = true;
      }
  }
  const noneq::Tensor all = at::empty({height, width}, at::kBool);
  for (std::int64_t k = 0; k < height * width; ++k) all.data_ptr<bool>()[k] = covered[static_cast<std::size_t>(k)];
  return all;
}

}
