#include "noneq/compute/detail/kernels/border.hpp"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "noneq/compute/detail/kernels/border.cpp"
#include <hwy/foreach_target.h>

#include "noneq/compute/detail/kernels/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace noneq::compute::HWY_NAMESPACE {

void fold_of(precision of, std::size_t channels, const border::axis& rows, const border::axis& columns, const void* dy,
             std::size_t apart, void* dx, bool add) {
  typed(
      of,
      [&](auto* from, auto* to) HWY_ATTR {
        for (const border::run& down : rows.runs)
          for (std::size_t r = 0; r < down.count; ++r)
            for (const border::run& along : columns.runs) {
              auto* pixels = to + ((down.first + r) * columns.n + along.first) * channels;
              over(along.count * channels, [&](auto d, std::size_t i) HWY_ATTR {
                auto total = hn::Zero(d);
                for (const std::size_t row : down.copies)
                  for (const std::size_t column : along.copies)
                    total = hn::Add(total, load(d, from + ((row + r) * apart + column) * channels + i));
                put(total, d, pixels + i, add);
              });
            }
      },
      dy, dx);
}

}
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace noneq::compute {

HWY_EXPORT(fold_of);

border::axis::axis(std::int64_t size, std::int64_t ahead, std::int64_t behind, padding p)
    : before(static_cast<std::size_t>(ahead)), n(static_cast<std::size_t>(size)) {
  for (std::int64_t i = -ahead; i < size + behind; ++i)
    pixels.push_back(static_cast<std::size_t>(pixel_at(i, size, p)));
  for (std::size_t k = 0; k < n; ++k) {
    run next{k, 1, {}};
    for (std::size_t i = 0; i < pixels.size(); ++i)
      if (pixels[i] == k) next.copies.push_back(i);
    const bool joins = next.copies.size() == 1 && !runs.empty() && runs.back().copies.size() == 1 &&
                       runs.back().copies[0] + runs.back().count == next.copies[0];
    if (joins)
      ++runs.back().count;
    else
      runs.push_back(std::move(next));
  }
}

namespace {

border::axis along(const conv_layer& l, std::size_t axis, std::int64_t n) {
  if (l.padded_with[axis] == padding::zeros) return {n, 0, 0, padding::zeros};
  return {n, l.pad_before[axis], l.pad_after[axis], l.padded_with[axis]};
}

}

border::border(const conv_layer& l, const value_shape& s)
    : image_(s), padded_(s), rows_(along(l, 0, s.height)), columns_(along(l, 1, s.width)) {
  padded_.height = static_cast<std::int64_t>(rows_.pixels.size());
  padded_.width = static_cast<std::int64_t>(columns_.pixels.size());
}

conv_layer border::within(conv_layer l) const {
  for (std::size_t axis = 0; axis < 2; ++axis)
    if (l.padded_with[axis] != padding::zeros) l.pad_before[axis] = l.pad_after[axis] = 0;
  return l;
}

void border::pad(precision of, const void* x, void* y, std::size_t apart) const {
  const std::size_t pixel = static_cast<std::size_t>(image_.channels) * bytes_of(of), inside = columns_.before;
  auto* to = static_cast<std::byte*>(y);
  for (const std::size_t row : rows_.pixels) {
    const auto* from = static_cast<const std::byte*>(x) + row * columns_.n * pixel;
    std::memcpy(to + inside * pixel, from, columns_.n * pixel);
    for (std::size_t k = 0; k < columns_.pixels.size(); ++k)
      if (k < inside || k >= inside + columns_.n) std::memcpy(to + k * pixel, from + columns_.pixels[k] * pixel, pixel);
    to += apart * pixel;
  }
}

void border::fold(precision of, const void* dy, std::size_t apart, void* dx, bool add) const {
  HWY_DYNAMIC_DISPATCH(fold_of)(of, static_cast<std::size_t>(image_.channels), rows_, columns_, dy, apart, dx, add);
}

}
#endif
