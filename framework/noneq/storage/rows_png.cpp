// One PNG image as one row: uint8 [H, W] or [H, W, 3]. The numbers are those in the file; no gamma is applied.
#include <csetjmp>
#include <cstring>

#include <fmt/format.h>
#include <png.h>

#include "noneq/storage/detail/big_endian.hpp"
#include "noneq/storage/detail/deflate.hpp"
#include "noneq/storage/detail/row_formats.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/png.hpp"

namespace noneq::storage {
namespace {

// libpng reports an error by a jump, which must not cross anything with a destructor: between setjmp and the jump there
// are plain values only.
struct png_decoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const char *at, *end;
  char why[128] = "";

  explicit png_decoder(std::string_view bytes) : at(bytes.data()), end(bytes.data() + bytes.size()) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, failed, [](png_structp, png_const_charp) {});
    info = png_create_info_struct(png);
    png_set_read_fn(png, this, give);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the reader names an image that is too large
  }
  ~png_decoder() { png_destroy_read_struct(&png, &info, nullptr); }
  png_decoder(png_decoder&&) = delete;

  bool read_head() {
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_info(png, info);
    return true;
  }

  bool read_pixels(png_bytep into, std::size_t stride) {
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_palette_to_rgb(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const png_uint_32 height = png_get_image_height(png, info);
    for (int pass = 0; pass < passes; ++pass)
      for (png_uint_32 y = 0; y < height; ++y) png_read_row(png, into + y * stride, nullptr);
    png_read_end(png, nullptr);
    return true;
  }

 private:
  static void failed(png_structp png, png_const_charp text) {
    auto* self = static_cast<png_decoder*>(png_get_error_ptr(png));
    std::strncpy(self->why, text, sizeof self->why - 1);
    png_longjmp(png, 1);
  }
  static void give(png_structp png, png_bytep into, std::size_t count) {
    auto* self = static_cast<png_decoder*>(png_get_io_ptr(png));
    if (static_cast<std::size_t>(self->end - self->at) < count) png_error(png, "the file ends too early");
    std::memcpy(into, self->at, count);
    self->at += count;
  }
};

// libpng allocates a whole chunk, of up to two gigabytes, before it reads it. Behind the last chunk anything may stand.
bool chunks_end_within(std::string_view bytes) {
  bytes.remove_prefix(std::min(bytes.size(), png_mark.size()));
  while (bytes.size() >= 8 && bytes.substr(4, 4) != "IEND") {
    const auto length = static_cast<std::size_t>(big_endian_at(bytes, 0));
    if (length > bytes.size() - 8) return false;
    bytes.remove_prefix(std::min(bytes.size(), length + 12));  // with length, type and checksum
  }
  return true;
}

class png_row : public row_file {
 public:
  explicit png_row(const std::filesystem::path& file) : name_(file.string()), bytes_(read_file(file)), in_(bytes_) {
    if (!chunks_end_within(bytes_)) damaged("it ends within a chunk");
    if (!in_.read_head()) damaged(in_.why);
    const int depth = png_get_bit_depth(in_.png, in_.info), type = png_get_color_type(in_.png, in_.info);
    if (depth > 8) throw error(fmt::format("{}: got {} bits a channel, need 8", name_, depth));
    if ((type & PNG_COLOR_MASK_ALPHA) || png_get_valid(in_.png, in_.info, PNG_INFO_tRNS))
      throw error(name_ + ": got an image with transparency, need grey or RGB without");
    dtype = at::kByte;
    shape = {static_cast<std::int64_t>(png_get_image_height(in_.png, in_.info)),
             static_cast<std::int64_t>(png_get_image_width(in_.png, in_.info))};
    if (type & PNG_COLOR_MASK_COLOR) shape.push_back(3);
    check_size();
  }

  Tensor next(std::int64_t most) override {
    sizes all = shape;
    all.insert(all.begin(), read_ || most < 1 ? 0 : 1);
    const Tensor image = at::empty(all, at::kByte);
    if (all[0] == 0) return image;
    read_ = true;
    if (!in_.read_pixels(image.data_ptr<std::uint8_t>(), static_cast<std::size_t>(image[0][0].numel())))
      damaged(in_.why);
    return image;
  }

 private:
  // Before the allocation: zlib makes a thousandth of its input, but not less.
  void check_size() const {
    constexpr double most = 1e9;
    double bytes = 1;
    for (const std::int64_t n : shape) bytes *= static_cast<double>(n);
    if (bytes > most)
      throw error(fmt::format("{}: got an image {} of {:.0f} bytes, need at most 10⁹", name_, to_string(shape), bytes));
    const double packed = static_cast<double>(shape[0]) * static_cast<double>(png_get_rowbytes(in_.png, in_.info));
    if (packed > most_deflated * static_cast<double>(bytes_.size()))
      throw error(fmt::format("{}: got an image {} in a file of {} bytes, need a whole PNG: copy it again", name_,
                              to_string(shape), bytes_.size()));
  }

  [[noreturn]] void damaged(const char* why) const {
    throw error(fmt::format("{}: got a damaged PNG ({}), need a whole one: copy it again", name_, why));
  }

  const std::string name_, bytes_;
  png_decoder in_;
  bool read_ = false;
};

}

std::unique_ptr<row_file> open_png(const std::filesystem::path& file) { return std::make_unique<png_row>(file); }

}
