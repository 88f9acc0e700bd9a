// The structures are those of PKWARE's APPNOTE.TXT, 4.3: a local header before the bytes of each entry, and behind all
// entries the directory, which its end record leads to.
#include "noneq/storage/script_archive.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include "noneq/storage/files.hpp"

namespace noneq::storage {
namespace {

// A little-endian number of `count` bytes at `at`, which lie within the bytes.
std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t n = 0;
  for (std::size_t k = count; k > 0; --k) n = n << 8 | static_cast<unsigned char>(bytes[at + k - 1]);
  return n;
}

struct archive_directory {
  std::uint64_t entries = 0, bytes = 0, offset = 0;
};

struct archive_entry {
  std::string name;
  std::uint64_t method = 0, crc32 = 0, packed = 0, size = 0, offset = 0;
};

constexpr std::uint64_t stored = 0, deflated = 8;  // methods

// The length and the checksum of what an entry holds, of which nothing is kept.
class content_sum {
 public:
  explicit content_sum(bool inflates) : inflates_(inflates) {
    if (inflates_) ::inflateInit2(&stream_, -MAX_WBITS);
  }
  content_sum(content_sum&&) = delete;
  ~content_sum() {
    if (inflates_) ::inflateEnd(&stream_);
  }

  // Returns false when the bytes are not compressed ones, or become more than `most`.
  bool add(std::string bytes, std::uint64_t most) {
    if (!inflates_) {
      count(reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
      return bytes_ <= most;
    }
    std::array<Bytef, 1 << 16> some;
    stream_.next_in = reinterpret_cast<Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    for (;;) {
      stream_.next_out = some.data();
      stream_.avail_out = static_cast<uInt>(some.size());
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      count(some.data(), some.size() - stream_.avail_out);
      if (bytes_ > most) return false;
      const bool needs_more = stream_.avail_in == 0 && stream_.avail_out > 0;
      if (code == Z_STREAM_END) return stream_.avail_in == 0;
      if (needs_more && (code == Z_OK || code == Z_BUF_ERROR)) return true;
      if (code != Z_OK) return false;
    }
  }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t crc32() const { return sum_; }

 private:
  void count(const Bytef* bytes, std::size_t n) {
    sum_ = ::crc32_z(sum_, bytes, n);
    bytes_ += n;
  }

  const bool inflates_;
  z_stream stream_{};
  uLong sum_ = 0;
  std::uint64_t bytes_ = 0;
};

class script_archive {
 public:
  explicit script_archive(const std::filesystem::path& path)
      : in_(path), size_(static_cast<std::uint64_t>(in_.size())) {}

  void check() const {
    if (size_ < end_bytes || read(0, 4) != "PK\3\4")
      throw error(in_.path().string() +
                  ": got something else than a TorchScript module, need what torch.jit.save writes");
    std::set<std::string> names;
    for (const archive_entry& e : entries(directory())) {
      check(e);
      names.insert(e.name.substr(std::min(e.name.find('/'), e.name.size() - 1) + 1));
    }
    if (!names.count("data.pkl")) damaged("it holds no data.pkl");
    if (!names.count("constants.pkl"))
      throw error(in_.path().string() + ": got what torch.save writes, need a TorchScript module: torch.jit.save");
  }

 private:
  static constexpr std::uint64_t end_bytes = 22, wide_end_bytes = 56, locator_bytes = 20, head_bytes = 46,
                                 local_bytes = 30, most_comment = 0xffff;

  [[noreturn]] void damaged(const std::string& why) const {
    throw error(fmt::format("{}: is a damaged TorchScript module ({}), need the whole file: copy it again",
                            in_.path().string(), why));
  }

  std::string read(std::uint64_t offset, std::uint64_t count) const {
    if (offset > size_ || count > size_ - offset) damaged("it ends too early");
    std::string bytes(count, '\0');
    in_.read(static_cast<std::int64_t>(offset), bytes.data(), static_cast<std::int64_t>(count));
    return bytes;
  }

  // The end record is the last thing in a file but for a comment.
  archive_directory directory() const {
    const std::uint64_t from = size_ - std::min(size_, end_bytes + most_comment);
    const std::string tail = read(from, size_ - from);
    const std::size_t at = tail.rfind("PK\5\6");
    if (at == tail.npos || tail.size() - at < end_bytes) damaged("it ends too early");
    const archive_directory plain{number_at(tail, at + 10, 2), number_at(tail, at + 12, 4),
                                  number_at(tail, at + 16, 4)};
    if (at < locator_bytes || tail.compare(at - locator_bytes, 4, "PK\6\7") != 0) return plain;
    const std::string wide = read(number_at(tail, at - locator_bytes + 8, 8), wide_end_bytes);
    if (!wide.starts_with("PK\6\6")) damaged("its end is no end of an archive");
    return {number_at(wide, 32, 8), number_at(wide, 40, 8), number_at(wide, 48, 8)};
  }

  std::vector<archive_entry> entries(const archive_directory& d) const {
    const std::string bytes = read(d.offset, d.bytes);
    std::vector<archive_entry> all;
    for (std::size_t at = 0; at < bytes.size();) {
      if (bytes.size() - at < head_bytes || bytes.compare(at, 4, "PK\1\2") != 0) damaged("its directory is broken");
      archive_entry e{{},
                      number_at(bytes, at + 10, 2),
                      number_at(bytes, at + 16, 4),
                      number_at(bytes, at + 20, 4),
                      number_at(bytes, at + 24, 4),
                      number_at(bytes, at + 42, 4)};
      const std::size_t name = number_at(bytes, at + 28, 2), extra = number_at(bytes, at + 30, 2),
                        comment = number_at(bytes, at + 32, 2), left = bytes.size() - at - head_bytes;
      if (name == 0 || name + extra + comment > left) damaged("its directory is broken");
      e.name = bytes.substr(at + head_bytes, name);
      take_wide_numbers(e, std::string_view(bytes).substr(at + head_bytes + name, extra));
      all.push_back(std::move(e));
      at += head_bytes + name + extra + comment;
    }
    if (all.size() != d.entries) damaged("its directory is broken");
    return all;
  }

  // Numbers that 32 bits do not hold stand in a field of their own, in this order.
  void take_wide_numbers(archive_entry& e, std::string_view extra) const {
    constexpr std::uint64_t elsewhere = 0xffffffff;
    while (extra.size() >= 4) {
      const std::size_t count = number_at(extra, 2, 2);
      if (count > extra.size() - 4) damaged("its directory is broken");
      std::string_view field = extra.substr(4, count);
      if (number_at(extra, 0, 2) == 1)
        for (std::uint64_t* n : {&e.size, &e.packed, &e.offset})
          if (*n == elsewhere && field.size() >= 8) *n = number_at(field, 0, 8), field.remove_prefix(8);
      extra.remove_prefix(4 + count);
    }
  }

  void check(const archive_entry& e) const {
    const std::string local = read(e.offset, local_bytes);
    if (!local.starts_with("PK\3\4")) damaged("an entry is not where its directory states");
    const std::uint64_t from = e.offset + local_bytes + number_at(local, 26, 2) + number_at(local, 28, 2);
    content_sum content(e.method == deflated);
    if (e.method != stored && e.method != deflated) damaged("an entry is compressed in an unknown way");
    constexpr std::uint64_t at_once = 1 << 20;
    for (std::uint64_t done = 0; done < e.packed; done += std::min(at_once, e.packed - done))
      if (!content.add(read(from + done, std::min(at_once, e.packed - done)), e.size))
        damaged("an entry cannot be decompressed");
    if (content.bytes() != e.size || content.crc32() != e.crc32)
      damaged("the bytes of an entry are not those of its checksum");
  }

  input_file in_;
  std::uint64_t size_;
};

}

void need_script_archive(const std::filesystem::path& file) { script_archive(file).check(); }

}
