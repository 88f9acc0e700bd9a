#include "noneq/storage/apng.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include "noneq/core/error.hpp"
#include "noneq/storage/detail/big_endian.hpp"
#include "noneq/storage/png.hpp"

namespace noneq::storage {
namespace {

std::string big_endian(std::int64_t number, int bytes) {
  std::string text;
  for (int k = bytes - 1; k >= 0; --k) text += static_cast<char>(number >> 8 * k & 0xff);
  return text;
}

// Length, type, content, and the CRC-32 of type and content.
std::string chunk(const std::string& type, const std::string& content) {
  const std::string checked = type + content;
  const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian(static_cast<std::int64_t>(content.size()), 4) + checked +
         big_endian(static_cast<std::int64_t>(crc), 4);
}

// Calls use(type, content, chunk) for each chunk of a PNG that libpng made.
template <class Use>
void each_chunk(const std::string& png, const Use& use) {
  for (std::size_t at = png_mark.size(); at + 12 <= png.size();) {
    const auto length = static_cast<std::size_t>(big_endian_at(png, at));
    use(png.substr(at + 4, 4), png.substr(at + 8, length), png.substr(at, length + 12));
    at += length + 12;
  }
}

void check(const std::string& where, const std::vector<Tensor>& frames, const apng_timing& t) {
  if (frames.empty()) throw error(where + ": got no frames, need at least one");
  for (const Tensor& frame : frames)
    if (frame.sizes() != frames[0].sizes())
      throw error(fmt::format("{}: got a frame {} behind one {}, need one shape", where, to_string(frame.sizes().vec()),
                              to_string(frames[0].sizes().vec())));
  for (const std::int64_t time : {t.frame, t.last})
    if (time < 0 || time > 65535) throw error(fmt::format("{}: got {} ms, need 0 to 65535", where, time));
  if (t.plays < 0) throw error(fmt::format("{}: got {} plays, need 0 or more", where, t.plays));
}

}

std::string apng_bytes(const std::string& where, const std::vector<Tensor>& frames, const apng_timing& timing) {
  check(where, frames, timing);
  std::string all;
  std::int64_t sequence = 0;  // of the chunks fcTL and fdAT
  for (std::size_t k = 0; k < frames.size(); ++k) {
    const Tensor& frame = frames[k];
    const std::int64_t ms = k + 1 < frames.size() ? timing.frame : timing.last;
    // The whole picture, which replaces the one before; sequence, size, offset, delay, disposal, blending.
    const auto control = [&] {
      return chunk("fcTL", big_endian(sequence++, 4) + big_endian(frame.size(1), 4) + big_endian(frame.size(0), 4) +
                               big_endian(0, 8) + big_endian(ms, 2) + big_endian(1000, 2) + big_endian(0, 2));
    };
    const std::string png = png_bytes(where, frame);
    if (k == 0) all = png.substr(0, png_mark.size());
    bool begun = false;
    each_chunk(png, [&](const std::string& type, const std::string& content, const std::string& whole) {
      if (type != "IDAT") {
        if (k == 0 && type != "IEND") all += whole;
        if (k == 0 && type == "IHDR")
          all += chunk("acTL", big_endian(static_cast<std::int64_t>(frames.size()), 4) + big_endian(timing.plays, 4));
        return;
      }
      if (!begun) all += control(), begun = true;
      all += k == 0 ? whole : chunk("fdAT", big_endian(sequence++, 4) + content);
    });
  }
  return all + chunk("IEND", "");
}

}
