// Pictures of samples. Functions are thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "noneq/core/tensor.hpp"

namespace noneq::storage {

// The largest number of pixels along a side, and of numbers in all, that a PNG may have here.
constexpr std::int64_t largest_png_side = 1'000'000, largest_png = std::int64_t{1} << 28;

// The bytes with which every PNG begins.
inline constexpr std::string_view png_mark = "\x89PNG\r\n\x1a\n";

// The first chunk of a PNG: its size in pixels, and its kind of colours: 2 for RGB and 4 for alpha, added.
struct png_header {
  std::int64_t width, height;
  int colours;
};
// Returns nothing where the bytes do not begin as a PNG does.
std::optional<png_header> png_header_of(std::string_view bytes);

// Replaces `path` by a PNG of uint8 [H, W] (grey) or [H, W, 3] (RGB). Errors: another shape or dtype, disk full.
void write_png(const std::filesystem::path& path, const Tensor& image);

// Returns the bytes of such a PNG; `where` opens messages.
std::string png_bytes(const std::string& where, const Tensor& image);

// Returns images [N, C, H, W] with C 1 or 3 side by side, row by row, `columns` in a row (N when there are fewer):
// uint8 [rows·H, columns·W] or […, 3]. Values lo … hi become 0 … 255, rounded; values beyond are clamped, NaN and empty
// places are black. Errors: another shape, columns below 1, lo not below hi.
Tensor image_grid(const Tensor& images, std::int64_t columns, double lo, double hi);

}
