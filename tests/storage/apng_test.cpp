// Animated PNGs: the chunks of the specification with their checksums, and frames that decode to what they were.
#include "noneq/storage/apng.hpp"

#include <zlib.h>

#include "noneq/storage/png.hpp"
#include "noneq/storage/rows.hpp"
#include "scratch.hpp"

using namespace noneq;
using namespace noneq::storage;

namespace {

struct png_chunk {
  std::string type, content;
};

std::uint32_t big_endian_at(std::string_view bytes, std::size_t at, std::size_t count = 4) {
  std::uint32_t n = 0;
  for (std::size_t k = 0; k < count; ++k) n = n << 8 | static_cast<unsigned char>(bytes.at(at + k));
  return n;
}

std::string big_endian(std::uint32_t n) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(n >> shift & 0xff);
  return bytes;
}

std::uint32_t checksum_of(const std::string& bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::vector<png_chunk> chunks_of(const std::string& png) {
  REQUIRE(png.starts_with("\x89PNG\r\n\x1a\n"));
  std::vector<png_chunk> all;
  for (std::size_t at = 8; at < png.size();) {
    const std::uint32_t length = big_endian_at(png, at);
    const std::string typed = png.substr(at + 4, 4 + length);
    CHECK(big_endian_at(png, at + 8 + length) == checksum_of(typed));
    all.push_back({typed.substr(0, 4), typed.substr(4)});
    at += 12 + length;
  }
  return all;
}

// Returns the pixels of each frame, decoded as a PNG of its own.
std::vector<Tensor> decoded(const std::vector<png_chunk>& chunks, const scratch& s) {
  std::vector<std::string> data;
  std::string head;
  for (const png_chunk& c : chunks) {
    if (c.type == "IHDR") head = c.content;
    if (c.type == "fcTL") data.emplace_back();
    if (c.type == "IDAT") data.back() += c.content;
    if (c.type == "fdAT") data.back() += c.content.substr(4);
  }
  const auto chunk = [](const std::string& type, const std::string& content) {
    return big_endian(static_cast<std::uint32_t>(content.size())) + type + content +
           big_endian(checksum_of(type + content));
  };
  std::vector<Tensor> all;
  for (const std::string& one : data) {
    write_atomically(s / "frame.png",
                     "\x89PNG\r\n\x1a\n" + chunk("IHDR", head) + chunk("IDAT", one) + chunk("IEND", ""));
    all.push_back(open_rows(s / "frame.png")->next(1)[0]);
  }
  return all;
}

}

TEST_CASE("an animation has its chunks in order, with the times of its frames, and its frames' pixels") {
  const scratch s;
  for (const sizes& shape : {sizes{9, 7}, sizes{9, 7, 3}, sizes{400, 300}}) {
    std::vector<Tensor> frames;
    for (int k = 0; k < 4; ++k) frames.push_back(at::randint(256, shape, at::kByte));
    const auto chunks = chunks_of(apng_bytes("a", frames, {40, 2000, 3}));
    CHECK(chunks[0].type == "IHDR");
    CHECK(chunks[1].type == "acTL");
    CHECK(big_endian_at(chunks[1].content, 0) == 4);
    CHECK(big_endian_at(chunks[1].content, 4) == 3);
    CHECK(chunks.back().type == "IEND");
    std::uint32_t sequence = 0;
    std::vector<std::uint32_t> delays;
    for (const png_chunk& c : chunks) {
      if (c.type == "fcTL" || c.type == "fdAT") CHECK(big_endian_at(c.content, 0) == sequence++);
      if (c.type != "fcTL") continue;
      CHECK(c.content.size() == 26);
      CHECK(big_endian_at(c.content, 4) == shape[1]);
      CHECK(big_endian_at(c.content, 8) == shape[0]);
      CHECK(big_endian_at(c.content, 12) == 0);
      CHECK(big_endian_at(c.content, 16) == 0);
      CHECK(big_endian_at(c.content, 22, 2) == 1000);
      delays.push_back(big_endian_at(c.content, 20, 2));
    }
    CHECK(delays == std::vector<std::uint32_t>{40, 40, 40, 2000});
    const std::vector<Tensor> back = decoded(chunks, s);
    REQUIRE(back.size() == 4);
    for (std::size_t k = 0; k < 4; ++k) CHECK(at::equal(back[k], frames[k]));
    // A program without animations shows the first frame.
    write_atomically(s / "a.png", apng_bytes("a", frames, {}));
    CHECK(at::equal(open_rows(s / "a.png")->next(1)[0], frames[0]));
    CHECK(apng_bytes("a", frames, {}) == apng_bytes("a", frames, {}));
  }
}

TEST_CASE("what is no animation is refused") {
  const Tensor frame = at::zeros({2, 2}, at::kByte);
  const auto fault = [](const std::vector<Tensor>& frames, const apng_timing& t) {
    return failure([&] { apng_bytes("a.png", frames, t); });
  };
  CHECK(fault({}, {}) == "a.png: got no frames, need at least one");
  CHECK(fault({frame, at::zeros({2, 3}, at::kByte)}, {}) ==
        "a.png: got a frame [2, 3] behind one [2, 2], need one shape");
  CHECK(fault({frame}, {70000, 10, 0}) == "a.png: got 70000 ms, need 0 to 65535");
  CHECK(fault({at::zeros({2, 2})}, {}).starts_with("a.png: got an image [2, 2] of float32"));
}
