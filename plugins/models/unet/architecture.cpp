#include "architecture.hpp"

#include <numeric>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace shipped::unet {

static void check_heads(const architecture& a, std::int64_t channels) {
  if (a.head_channels > 0 && channels % a.head_channels != 0)
    throw noneq::error(
        fmt::format("got heads of {} channels where there are {}, need a divisor", a.head_channels, channels));
  if (channels % a.heads_of(channels) != 0)
    throw noneq::error(fmt::format("got {} heads for {} channels, need a divisor", a.heads_of(channels), channels));
}

void check(const architecture& a) {
  if (a.levels.empty()) throw noneq::error("got no level, need at least one");
  for (const level& l : a.levels) {
    if (l.channels % a.groups != 0)
      throw noneq::error(fmt::format("got {} channels in {} groups, need a multiple", l.channels, a.groups));
    if (l.down_attention || l.up_attention) check_heads(a, l.channels);
  }
  const std::int64_t first = a.levels.front().channels, last = a.levels.back().channels;
  if (a.middle_attention) check_heads(a, last);
  if (a.middle_attention && a.middle_groups > 0 && last % a.middle_groups != 0)
    throw noneq::error(
        fmt::format("got {} channels in {} groups in the middle, need a multiple", last, a.middle_groups));
  if (first % 2 != 0 || (a.learned_times == 0 && static_cast<double>(first / 2) <= a.frequency_shift))
    throw noneq::error(
        fmt::format("got {} channels at the first level, need an even number above {}", first, 2 * a.frequency_shift));
}

void check_padding(const architecture& a, const noneq::sizes& space) {
  const std::size_t halvings = a.levels.size() - 1;
  const std::int64_t unit = std::int64_t{1} << halvings;
  for (std::size_t k = 0; k < space.size(); ++k) {
    const noneq::compute::padding p = a.padding[k + 2 - space.size()];
    std::int64_t least = space[k];
    for (std::size_t i = 0; i < halvings; ++i) least = (least + 1) / 2;
    if (p == noneq::compute::padding::circular && space[k] % unit != 0)
      throw noneq::error(fmt::format("got circular along {} pixels, need a multiple of {}, because there are {} levels",
                                     space[k], unit, a.levels.size()),
                         "padding");
    if (p == noneq::compute::padding::reflect && least < 2)
      throw noneq::error(
          fmt::format("got reflect along {} pixels, which are {} at the last of {} levels, need at least 2", space[k],
                      least, a.levels.size()),
          "padding");
  }
}

std::int64_t fitting_groups(const architecture& a, std::int64_t wanted) {
  std::int64_t common = 0;
  for (const level& l : a.levels) common = std::gcd(common, l.channels);
  std::int64_t groups = std::clamp(common / 2, std::int64_t{1}, wanted);
  while (common % groups != 0) --groups;
  return groups;
}

}
