// Samples side by side as one picture: images in a grid, sequences as rows of pixels. A value is a square of pixels.
#pragma once

#include "noneq/plugin.hpp"
#include "noneq/storage/png.hpp"

namespace shipped {

// The smallest and the largest finite number, or numbers around it where there is but one.
inline std::vector<double> ends_of(const noneq::Tensor& x) {
  const noneq::Tensor finite = x.masked_select(x.isfinite());
  if (finite.numel() == 0) return {-1, 1};
  const double low = finite.min().item<double>(), high = finite.max().item<double>();
  return low < high ? std::vector{low, high} : std::vector{low - 1, high + 1};
}

struct sample_grid {
  std::int64_t pixel = 0;  // side of the square of a value; 0: 8 for sequences, else what makes some 480 pixels

  static constexpr std::int64_t gap = 1;  // around each image, so that dark ones stay apart

  static bool is_image(const noneq::sizes& sample) {
    return sample.size() == 1 || sample.size() == 2 || (sample.size() == 3 && (sample[0] == 1 || sample[0] == 3));
  }

  // Returns uint8 [H, W] or [H, W, 3] of float64 samples [n, …]. Values `range` are black and white.
  noneq::Tensor picture(const noneq::Tensor& x, const std::vector<double>& range) const {
    const std::int64_t n = x.size(0), rank = x.dim() - 1;
    if (rank == 1)
      return blocks(noneq::storage::image_grid(x.view({n, 1, 1, -1}), 1, range[0], range[1]), pixel ? pixel : 8);
    const noneq::Tensor all = rank == 2 ? x.unsqueeze(1) : x;
    const noneq::Tensor images = blocks(all, side_of(n, all.size(2), all.size(3)), 2);
    const double grey = (range[0] + range[1]) / 2;
    return noneq::storage::image_grid(at::constant_pad_nd(images, {gap, gap, gap, gap}, grey), columns_of(n), range[0],
                                      range[1]);
  }

  // Throws noneq::error when `count` samples of C channels of H by W values make no picture of a possible size.
  void check(std::int64_t count, const noneq::sizes& sample, std::int64_t C, std::int64_t H, std::int64_t W) const {
    const bool sequences = sample.size() == 1;
    const std::int64_t columns = sequences ? 1 : columns_of(count), rows = (count + columns - 1) / columns,
                       side = sequences ? (pixel ? pixel : 8) : side_of(count, H, W), edge = sequences ? 0 : 2 * gap;
    const std::int64_t width = columns * (W * side + edge), height = rows * (H * side + edge);
    if (width > noneq::storage::largest_png_side || height > noneq::storage::largest_png_side ||
        width > noneq::storage::largest_png / C / height)
      throw noneq::error(c10::str("got ", count, " samples of shape ", noneq::to_string(sample), ", a picture of ",
                                  width, " by ", height, " pixels, need a lower count or pixel"));
  }

 private:
  static std::int64_t columns_of(std::int64_t n) {
    return static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  }

  // Returns `pixel`, or by default the side at which the longer side of the picture has some 480 pixels.
  std::int64_t side_of(std::int64_t n, std::int64_t H, std::int64_t W) const {
    if (pixel > 0) return pixel;
    const std::int64_t columns = columns_of(n), rows = (n + columns - 1) / columns;
    const std::int64_t longest = std::max(columns * (W + 2 * gap), rows * (H + 2 * gap));
    return std::clamp<std::int64_t>((480 + longest / 2) / longest, 1, 32);
  }

  // Every value of the dimensions `first` and `first`+1 as a square of equal ones.
  static noneq::Tensor blocks(const noneq::Tensor& x, std::int64_t side, std::int64_t first = 0) {
    return x.repeat_interleave(side, first).repeat_interleave(side, first + 1);
  }
};

}
