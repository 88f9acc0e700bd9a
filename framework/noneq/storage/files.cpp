#include "noneq/storage/files.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace noneq::storage {

static std::string_view remedy(int code) {
  switch (code) {
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case EISDIR:
      return "need a file";
    case EACCES:
    case EPERM:
    case EROFS:
      return "check the permissions";
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "free some space or write elsewhere";
    default:
      return "check the disk and the path";
  }
}

error file_error(const std::filesystem::path& file, std::string_view action, int code) {
  return error(fmt::format("{}: cannot {}: {}; {}", file.string(), action, std::strerror(code), remedy(code)));
}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  close();
  fd_ = other.release();
  return *this;
}

int descriptor::release() { return std::exchange(fd_, -1); }

int descriptor::close() {
  const int fd = release();
  return fd >= 0 && ::close(fd) != 0 ? errno : 0;
}

static descriptor open_to_read(const std::filesystem::path& path) {
  descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw file_error(path, "open", errno);
  return file;
}

std::string read_file(const std::filesystem::path& path) {
  const descriptor file = open_to_read(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw file_error(path, "read", errno);
  std::string bytes;
  std::size_t used = 0;
  for (;;) {
    // Not trusting the size lets pseudo files, which claim 0, and growing ones be read too.
    if (used == bytes.size())
      bytes.resize(used + std::max<std::size_t>(static_cast<std::size_t>(status.st_size), 4095) + 1);
    const ssize_t n = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error(path, "read", errno);
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  bytes.resize(used);
  return bytes;
}

void write_atomically(const std::filesystem::path& path, std::string_view bytes) {
  atomic_file file(path);
  file.write(bytes);
  file.commit();
}

void append(const std::filesystem::path& path, std::string_view bytes) {
  descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (file.get() < 0) throw file_error(path, "write", errno);
  const off_t before = ::lseek(file.get(), 0, SEEK_END);
  off_t written = 0;
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int code = errno;
      // A part of a line goes again, unless another process has written behind it.
      if (written > 0 && ::lseek(file.get(), 0, SEEK_END) == before + written && ::ftruncate(file.get(), before) != 0)
        throw file_error(path, "write", errno);
      throw file_error(path, "write", code);
    }
    written += n;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (const int code = file.close()) throw file_error(path, "write", code);
}

void append_line(const std::filesystem::path& path, std::string_view line) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const off_t end = file.get() < 0 ? 0 : ::lseek(file.get(), 0, SEEK_END);
  char last = '\n';
  const bool cut = end > 0 && ::pread(file.get(), &last, 1, end - 1) == 1 && last != '\n';
  append(path, fmt::format("{}{}\n", cut ? "\n" : "", line));
}

void make_durable(const std::filesystem::path& path) {
  const descriptor file = open_to_read(path);
  if (::fsync(file.get()) != 0) throw file_error(path, "write", errno);
}

void make_names_durable(const std::filesystem::path& folder) {
  const descriptor names(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (names.get() >= 0 && ::fsync(names.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
    throw file_error(folder, "write", errno);
}

input_file::input_file(std::filesystem::path path) : path_(std::move(path)), file_(open_to_read(path_)) {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) throw file_error(path_, "read", errno);
  if (S_ISDIR(status.st_mode)) throw file_error(path_, "read", EISDIR);
  if (!S_ISREG(status.st_mode)) throw error(path_.string() + ": got a device or pipe, need a regular file");
  size_ = status.st_size;
}

void input_file::will_read(std::int64_t offset, std::int64_t count) const {
  ::posix_fadvise(file_.get(), offset, count, POSIX_FADV_WILLNEED);
}

void input_file::read(std::int64_t offset, void* into, std::int64_t count) const {
  for (std::int64_t done = 0; done < count;) {
    const ssize_t n =
        ::pread(file_.get(), static_cast<char*>(into) + done, static_cast<std::size_t>(count - done), offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error(path_, "read", errno);
    if (n == 0)
      throw error(fmt::format("{}: got the end of the file at byte {}, need {} bytes: copy it again", path_.string(),
                              offset + done, offset + count));
    done += n;
  }
}

std::string checksum(const input_file& file) {
  std::vector<Bytef> buffer(1 << 20);
  uLong sum = 0;
  for (std::int64_t at = 0; at < file.size();) {
    const std::int64_t n = std::min<std::int64_t>(static_cast<std::int64_t>(buffer.size()), file.size() - at);
    file.read(at, buffer.data(), n);
    sum = ::crc32_z(sum, buffer.data(), static_cast<z_size_t>(n));
    at += n;
  }
  return fmt::format("{:08x}", sum);
}

static std::filesystem::path directory_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

atomic_file::atomic_file(std::filesystem::path target) : target_(std::move(target)) {
  std::error_code ignored;
  if (target_.empty()) throw error("got an empty name, need that of a file to write");
  // Renaming onto a symbolic link would replace the link, not its target.
  if (std::filesystem::is_symlink(target_, ignored)) {
    if (auto real = std::filesystem::canonical(target_, ignored); !ignored) target_ = real;
  }
  if (std::filesystem::is_directory(target_, ignored)) throw file_error(target_, "write", EISDIR);
  if (!target_.has_filename()) throw error(target_.string() + ": got the name of a folder, need that of a file");
  if (std::filesystem::exists(target_, ignored) && !std::filesystem::is_regular_file(target_, ignored))
    throw error(target_.string() + ": got a device or pipe, need a regular file");
  static std::atomic<unsigned> count = 0;
  do {
    temporary_ = target_;
    temporary_ += fmt::format("{}{}-{}", temporary_mark, ::getpid(), count++);
    file_ = descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  } while (file_.get() < 0 ? errno == EEXIST : !lock_temporary(file_.get()));
  if (file_.get() < 0) {
    const int code = errno;
    temporary_.clear();
    throw file_error(target_, "write", code);
  }
  noted_ = noted_temporary(temporary_);
}

atomic_file::~atomic_file() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void atomic_file::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error(target_, "write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void atomic_file::make_durable() {
  if (::fsync(file_.get()) != 0) throw file_error(target_, "write", errno);
}

void atomic_file::commit() {
  make_durable();
  // close() reports the last errors of a file; the copy of the descriptor keeps the lock until it has its name.
  const descriptor locked(::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0));
  if (const int code = file_.close()) throw file_error(target_, "write", code);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) throw file_error(target_, "write", errno);
  temporary_.clear();
  noted_.forget();
  make_names_durable(directory_of(target_));
}

}
