// The formats behind rows.hpp, and the bytes they read. Private to the room.
#pragma once

#include <string>

#include "noneq/core/error.hpp"
#include "noneq/storage/rows.hpp"

namespace noneq::storage {

// The bytes of a file in order, decompressed when it is compressed by gzip. One thread.
class byte_stream {
 public:
  explicit byte_stream(const std::filesystem::path& file);  // errors: cannot be opened, is a folder
  ~byte_stream();
  byte_stream(byte_stream&&) = delete;

  const std::string& name() const { return name_; }
  std::int64_t file_bytes() const { return file_bytes_; }  // of the file as it is stored
  // Errors: the file ends before, is damaged.
  void read(void* into, std::int64_t count);
  std::size_t read_some(void* into, std::size_t most);  // fewer at the end; errors: damaged
  bool ended();
  std::int64_t bytes_read() const;  // of the file as it is stored
  // Reads the line without its end, which is LF, CRLF or CR; false after the last one. Errors: longer than any text.
  bool line(std::string& into);

 private:
  [[noreturn]] void damaged();

  std::string name_;
  void* file_;  // zlib's
  std::int64_t file_bytes_, done_ = 0;
};

// Arrays of numbers that lie in the file one after the other, `rows` of them.
class packed_rows : public row_file {
 public:
  // The stream stands at the first number. `stored`: the type of the numbers in the file, in big-endian order or not;
  // they become `dtype`, which is as wide or wider.
  packed_rows(std::unique_ptr<byte_stream> in, std::int64_t rows, sizes row, at::ScalarType stored, bool big_endian);
  Tensor next(std::int64_t most) override;
  std::int64_t bytes_read() const override { return in_->bytes_read(); }

 protected:
  std::unique_ptr<byte_stream> in_;
  std::int64_t rows_, done_ = 0;
  at::ScalarType stored_;
  bool swap_;
};

std::unique_ptr<row_file> open_idx(const std::filesystem::path& file);
std::unique_ptr<row_file> open_npy(const std::filesystem::path& file);
std::unique_ptr<row_file> open_png(const std::filesystem::path& file);
std::unique_ptr<row_file> open_csv(const std::filesystem::path& file, const bytes_listener& reading);

}
