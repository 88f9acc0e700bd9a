// Files that are either whole or absent.
// Bytes go to a temporary beside the target, are fsynced and take the target's name in one rename: after a crash or a
// full disk the target is the old file or the new one. Functions are thread-safe; an object belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "noneq/core/error.hpp"
#include "noneq/storage/temporaries.hpp"

namespace noneq::storage {

// "<file>: cannot <action>: <strerror(code)>; <remedy>".
error file_error(const std::filesystem::path& file, std::string_view action, int code);

// Returns the bytes of a file. Errors: cannot be opened or read, is a directory.
std::string read_file(const std::filesystem::path& path);

// Replaces `path` by a file of these bytes. Errors: those of atomic_file.
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

// Adds bytes at the end of a file, which is made if need be: all of them, or none when that fails. A power cut may undo
// it until make_durable(). Errors: disk full and the like.
void append(const std::filesystem::path& path, std::string_view bytes);

// Adds a line so. Where a power cut left the last one without its end, that one is ended before.
void append_line(const std::filesystem::path& path, std::string_view line);

// Returns when all of a file is on the disk. Errors: missing, the disk fails.
void make_durable(const std::filesystem::path& path);
// Waits until the names in a folder are on the disk, where the file system can do that for a folder. Errors: the
// disk's.
void make_names_durable(const std::filesystem::path& folder);

// An open descriptor, closed with the object.
class descriptor {
 public:
  explicit descriptor(int fd = -1) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept;
  ~descriptor() { close(); }
  int get() const { return fd_; }
  int release();
  int close();  // returns the errno of close(2), 0 on success

 private:
  int fd_;
};

// A regular file open for reading at any offset.
class input_file {
 public:
  explicit input_file(std::filesystem::path path);  // errors: cannot be opened, is no regular file
  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }  // bytes, when it was opened
  // Announces a read(), so that the system may begin to fetch the bytes.
  void will_read(std::int64_t offset, std::int64_t count) const;
  // Errors: cannot be read, ends before offset + count.
  void read(std::int64_t offset, void* into, std::int64_t count) const;

 private:
  std::filesystem::path path_;
  descriptor file_;
  std::int64_t size_ = 0;
};

// Returns the CRC-32 of all bytes of a file as eight hexadecimal digits. Errors: cannot be read.
std::string checksum(const input_file& file);

// A file being written under a temporary name. Without commit() it disappears with the object.
class atomic_file {
 public:
  // Errors: an empty name, the directory is missing or not writable, the target exists and is no regular file.
  explicit atomic_file(std::filesystem::path target);
  atomic_file(atomic_file&&) = delete;
  ~atomic_file();

  void write(std::string_view bytes);  // appends; errors: disk full and the like, with the system's words
  void make_durable();                 // fsync
  void commit();                       // fsync, rename, fsync of the directory; once

  const std::filesystem::path& temporary() const { return temporary_; }  // for libraries that write by name

 private:
  std::filesystem::path target_, temporary_;
  descriptor file_;
  noted_temporary noted_;
};

}
