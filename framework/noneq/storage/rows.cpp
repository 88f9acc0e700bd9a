#include "noneq/storage/rows.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <zlib.h>

#include "noneq/storage/detail/deflate.hpp"
#include "noneq/storage/detail/row_formats.hpp"
#include "noneq/storage/files.hpp"

namespace noneq::storage {
namespace fs = std::filesystem;

std::int64_t row_file::row_bytes() const {
  return c10::multiply_integers(shape) * static_cast<std::int64_t>(c10::elementSize(dtype));
}

static gzFile zlib(void* file) { return static_cast<gzFile>(file); }

byte_stream::byte_stream(const fs::path& file) : name_(file.string()) {
  const input_file there(file);  // throws the best error for a file that cannot be read
  if (there.size() == 0) throw error(name_ + ": is empty, need numbers");
  file_bytes_ = there.size();
  file_ = gzopen(file.c_str(), "rb");
  if (file_ == nullptr) throw file_error(file, "open", errno);
  gzbuffer(zlib(file_), 1 << 17);
}

byte_stream::~byte_stream() { gzclose(zlib(file_)); }

void byte_stream::damaged() {
  int code = 0;
  const std::string why = gzerror(zlib(file_), &code);
  throw error(fmt::format("{}: the compressed data {} after {} bytes of content, need the whole file: copy it again",
                          name_, code == Z_BUF_ERROR ? "ends" : "is damaged", done_));
}

std::size_t byte_stream::read_some(void* into, std::size_t most) {
  const int n = gzread(zlib(file_), into, static_cast<unsigned>(most));
  int code = 0;
  gzerror(zlib(file_), &code);
  if (n < 0 || (code != Z_OK && code != Z_STREAM_END)) damaged();
  done_ += n;
  return static_cast<std::size_t>(n);
}

void byte_stream::read(void* into, std::int64_t count) {
  constexpr std::int64_t at_once = 1 << 24;
  for (std::int64_t done = 0; done < count;) {
    const auto n = static_cast<std::int64_t>(
        read_some(static_cast<char*>(into) + done, static_cast<std::size_t>(std::min(at_once, count - done))));
    if (n == 0)
      throw error(fmt::format("{}: ends after {} bytes, need {} more: copy it again", name_, done_, count - done));
    done += n;
  }
}

bool byte_stream::ended() {
  const int c = gzgetc(zlib(file_));
  if (c >= 0) return gzungetc(c, zlib(file_)), false;
  int code = 0;
  gzerror(zlib(file_), &code);
  if (code != Z_OK && code != Z_STREAM_END) damaged();
  return true;
}

std::int64_t byte_stream::bytes_read() const { return gzoffset(zlib(file_)); }

bool byte_stream::line(std::string& into) {
  constexpr std::size_t longest = 1 << 26;
  into.clear();
  for (int c; (c = gzgetc(zlib(file_))) >= 0;) {
    ++done_;
    if (c == '\r') {
      const int next = gzgetc(zlib(file_));
      if (next == '\n')
        ++done_;
      else if (next >= 0)
        gzungetc(next, zlib(file_));
    }
    if (c == '\n' || c == '\r') return true;
    if (into.size() == longest)
      throw error(fmt::format("{}: got a line of more than {} bytes, need text", name_, longest));
    into += static_cast<char>(c);
  }
  return !ended() || !into.empty();
}

packed_rows::packed_rows(std::unique_ptr<byte_stream> in, std::int64_t rows, sizes row, at::ScalarType stored,
                         bool big_endian)
    : in_(std::move(in)), rows_(rows), stored_(stored), swap_(big_endian && c10::elementSize(stored) > 1) {
  shape = std::move(row);
  dtype = stored;
  double bytes = static_cast<double>(c10::elementSize(stored));
  for (const std::int64_t n : shape) bytes *= static_cast<double>(n);
  if (rows < 1 || bytes < 1 || bytes > 1e9)
    throw error(fmt::format("{}: got {} rows {}, need at least one row, of at least one and at most 10⁹ bytes",
                            in_->name(), rows, to_string(shape)));
  if (static_cast<double>(rows) * bytes > static_cast<double>(most_deflated) * static_cast<double>(in_->file_bytes()))
    throw error(fmt::format("{}: got {} rows {} in a file of {} bytes, need a whole file: copy it again", in_->name(),
                            rows, to_string(shape), in_->file_bytes()));
}

Tensor packed_rows::next(std::int64_t most) {
  const std::int64_t n = std::min(most, rows_ - done_);
  sizes all = shape;
  all.insert(all.begin(), n);
  const Tensor rows = at::empty(all, stored_);
  const std::int64_t bytes = rows.numel() * static_cast<std::int64_t>(rows.element_size());
  auto* const data = static_cast<char*>(rows.data_ptr());
  in_->read(data, bytes);
  if (swap_)
    for (std::int64_t k = 0, wide = rows.element_size(); k < bytes; k += wide) std::reverse(data + k, data + k + wide);
  done_ += n;
  if (done_ == rows_ && n > 0 && !in_->ended())
    throw error(fmt::format("{}: goes on after {} rows {}, need no more than its header says: copy it again",
                            in_->name(), rows_, to_string(shape)));
  return rows;
}

// Bytes of UTF-8, which has no byte c0, c1, or f5 and above.
static bool may_be_text(unsigned char c) {
  return (c >= ' ' && c < 0xc0) || (c > 0xc1 && c < 0xf5) || (c >= '\t' && c <= '\r');
}

// The first bytes of a file, decompressed, and the formats they are of.
struct head_of_file {
  unsigned char bytes[8] = {};
  std::size_t count;

  explicit head_of_file(const fs::path& file) : count(byte_stream(file).read_some(bytes, sizeof bytes)) {}
  bool is(std::string_view mark) const {
    return std::string_view(reinterpret_cast<const char*>(bytes), count).starts_with(mark);
  }
  bool is_idx() const { return count >= 4 && bytes[0] == 0 && bytes[1] == 0; }
  bool is_text() const { return std::all_of(bytes, bytes + count, may_be_text); }
};

std::unique_ptr<row_file> open_rows(const fs::path& file, const bytes_listener& reading) {
  const head_of_file head(file);
  if (head.is("\x89PNG")) return open_png(file);
  if (head.is("\x93NUMPY")) return open_npy(file);
  if (head.is("PK\3\4"))
    throw error(file.string() + ": got a zip archive (an .npz?), need one array: save it with numpy.save");
  if (head.is("\x89HDF")) throw error(file.string() + ": is HDF5 already, need no import");
  if (head.is_idx()) return open_idx(file);
  if (head.is_text()) return open_csv(file, reading);
  throw error(fmt::format("{}: begins with the bytes {:02x} {:02x} {:02x} {:02x}, need IDX, .npy, PNG or CSV",
                          file.string(), head.bytes[0], head.bytes[1], head.bytes[2], head.bytes[3]));
}

int times_read(const fs::path& file) {
  const head_of_file head(file);
  return head.is_text() && !head.is("PK\3\4") ? 2 : 1;
}

row_files files_of_rows(const fs::path& file_or_folder) {
  std::error_code failed;
  if (!fs::is_directory(file_or_folder, failed)) return {{file_or_folder}, {}};
  row_files found;
  fs::directory_iterator all(file_or_folder, failed);
  if (failed) throw error(fmt::format("{}: cannot be read: {}", file_or_folder.string(), failed.message()));
  for (const auto& entry : all) {
    std::string end = entry.path().extension().string();
    std::transform(end.begin(), end.end(), end.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool image = end == ".png" && !entry.is_directory();
    (image ? found.files : found.passed_over).push_back(entry.path());
  }
  if (found.files.empty())
    throw error(file_or_folder.string() + ": got a folder without PNG images, need some, or a file");
  // As people count: img2 before img10.
  for (auto* paths : {&found.files, &found.passed_over})
    std::sort(paths->begin(), paths->end(), [](const fs::path& a, const fs::path& b) {
      return ::strverscmp(a.filename().c_str(), b.filename().c_str()) < 0;
    });
  return found;
}

}
