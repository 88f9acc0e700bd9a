#include "noneq/app/report/colour_map.hpp"

#include <fmt/format.h>

namespace noneq::app {
namespace {

// viridis (van der Walt & Smith 2015), and the cool-to-warm map of Moreland 2009, each at nine points.
constexpr int rising[] = {0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x27ad81, 0x5cc863, 0xaadc32, 0xfde725};
constexpr int diverging[] = {0x3b4cc0, 0x6282ea, 0x8db0fe, 0xb9d0f9, 0xdddcdc, 0xf4c5ad, 0xf49a7b, 0xde614d, 0xb40426};

const int (&points_of(colour_map map))[9] { return map == colour_map::rising ? rising : diverging; }

}

std::vector<std::string> colours_of(colour_map map) {
  std::vector<std::string> all;
  for (const int colour : points_of(map)) all.push_back(fmt::format("#{:06x}", colour));
  return all;
}

Tensor coloured(const Tensor& x, double low, double high, colour_map map) {
  constexpr double grey = 0x90;
  constexpr std::int64_t steps = std::size(rising) - 1;
  const Tensor share = ((x.to(at::kDouble) - low) / (high - low)).clamp(0, 1);
  const Tensor at = share.nan_to_num(0.) * static_cast<double>(steps);
  const Tensor below = at.floor().clamp_max(steps - 1).to(at::kLong), part = at - below;
  std::vector<Tensor> channels;
  for (const int shift : {16, 8, 0}) {
    std::vector<double> levels;
    for (const int colour : points_of(map)) levels.push_back(colour >> shift & 0xff);
    const Tensor table = at::tensor(levels, at::kDouble);
    const Tensor from = table.index({below}), to = table.index({below + 1});
    channels.push_back(at::where(share.isnan(), at::scalar_tensor(grey, at::kDouble), from + part * (to - from)));
  }
  return at::stack(channels).round().to(at::kByte);
}

}
