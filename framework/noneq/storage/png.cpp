#include "noneq/storage/png.hpp"

#include <fmt/format.h>
#include <png.h>

#include "noneq/core/dtype.hpp"
#include "noneq/storage/detail/big_endian.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::storage {

std::string png_bytes(const std::string& where, const Tensor& image) {
  const bool grey = image.defined() && image.dim() == 2;
  const bool colour = image.defined() && image.dim() == 3 && image.size(2) == 3;
  if (!(grey || colour) || image.scalar_type() != at::kByte || image.numel() == 0 || image.size(0) > largest_png_side ||
      image.size(1) > largest_png_side)
    throw error(fmt::format("{}: got an image {} of {}, need [H, W] or [H, W, 3] of uint8", where,
                            image.defined() ? to_string(image.sizes().vec()) : "undefined",
                            image.defined() ? dtype_text(image.scalar_type()) : "nothing"));
  const Tensor pixels = image.to(at::kCPU).contiguous();
  png_image head{};
  head.version = PNG_IMAGE_VERSION;
  head.width = static_cast<png_uint_32>(image.size(1));
  head.height = static_cast<png_uint_32>(image.size(0));
  head.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(head), '\0');
  png_alloc_size_t used = bytes.size();
  if (!png_image_write_to_memory(&head, bytes.data(), &used, 0, pixels.data_ptr(), 0, nullptr))
    throw error(fmt::format("{}: cannot encode the image: {}", where, head.message));
  bytes.resize(used);
  return bytes;
}

std::optional<png_header> png_header_of(std::string_view bytes) {
  // They stand behind the length and the type of the first chunk; the byte between them is the depth.
  constexpr std::size_t at = png_mark.size() + 8;
  if (!bytes.starts_with(png_mark) || bytes.size() < at + 10) return std::nullopt;
  return png_header{big_endian_at(bytes, at), big_endian_at(bytes, at + 4), static_cast<unsigned char>(bytes[at + 9])};
}

void write_png(const std::filesystem::path& path, const Tensor& image) {
  write_atomically(path, png_bytes(path.string(), image));
}

Tensor image_grid(const Tensor& images, std::int64_t columns, double lo, double hi) {
  if (!images.defined() || images.dim() != 4 || (images.size(1) != 1 && images.size(1) != 3) || images.numel() == 0)
    throw error(fmt::format("image grid got images {}, need [N, 1 or 3, H, W]",
                            images.defined() ? to_string(images.sizes().vec()) : "undefined"));
  if (columns < 1) throw error(fmt::format("image grid got {} columns, need at least 1", columns));
  if (!(lo < hi)) throw error(fmt::format("image grid got values from {} to {}, need lo below hi", lo, hi));
  const std::int64_t n = images.size(0), c = images.size(1), h = images.size(2), w = images.size(3);
  columns = std::min(columns, n);
  const std::int64_t rows = (n + columns - 1) / columns;
  const Tensor grey_levels =
      images.detach().to(at::kCPU, at::kDouble).sub(lo).mul(255 / (hi - lo)).clamp(0, 255).nan_to_num(0.);
  const Tensor places = at::zeros({rows * columns, c, h, w}, at::kByte);
  places.narrow(0, 0, n).copy_(grey_levels.round());
  const Tensor grid =
      places.view({rows, columns, c, h, w}).permute({0, 3, 1, 4, 2}).reshape({rows * h, columns * w, c});
  return c == 1 ? grid.squeeze(2) : grid;
}

}
