// Preloaded, lets a disk be full at one call: the one with the number NONEQ_FULL_AT, counted from 1, among the calls
// that write to, lengthen, synchronise or make a file below the folder NONEQ_FULL_IN fails by ENOSPC, and so do all
// behind it until the process ends, unless NONEQ_FULL_ONCE is set: then only that one fails, as where space is freed
// soon. With NONEQ_FULL_AT=0 none fails. The number of calls is left in the file NONEQ_FULL_COUNT.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::atomic<long> calls{0};

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

const char* setting(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

bool below(const char* path) {
  static const std::string folder = setting("NONEQ_FULL_IN");
  return !folder.empty() && std::strncmp(path, folder.c_str(), folder.size()) == 0;
}

bool below(int file) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t n = ::readlink(link, path, sizeof path - 1);
  if (n <= 0) return false;
  path[n] = '\0';
  return below(path);
}

// Counts a call and returns whether it is to fail.
bool full() {
  static const long at = std::atol(setting("NONEQ_FULL_AT"));
  static const bool once = *setting("NONEQ_FULL_ONCE") != '\0';
  const long call = ++calls;
  return at > 0 && (once ? call == at : call >= at);
}

template <class Result>
Result no_space() {
  errno = ENOSPC;
  return static_cast<Result>(-1);
}

template <class File, class Call>
auto unless_full(const File& file, const Call& call) -> decltype(call()) {
  return below(file) && full() ? no_space<decltype(call())>() : call();
}

// A path that does not begin at the root begins in the working folder.
std::string whole(const char* path) {
  if (*path == '/') return path;
  char here[4096];
  return ::getcwd(here, sizeof here) ? std::string(here) + "/" + path : path;
}

// Calls open() or open64(), which `name` is.
int opened(const char* name, const char* path, int flags, mode_t mode) {
  auto* call = real<int(const char*, int, ...)>(name);
  if (!(flags & O_CREAT)) return call(path, flags, mode);
  return unless_full(whole(path).c_str(), [&] { return call(path, flags, mode); });
}

struct counted {
  ~counted() {
    const char* file = setting("NONEQ_FULL_COUNT");
    if (*file == '\0') return;
    if (std::FILE* to = std::fopen(file, "w")) {
      std::fprintf(to, "%ld\n", calls.load());
      std::fclose(to);
    }
  }
};

}

extern "C" {

ssize_t write(int f, const void* data, size_t n) {
  static auto* call = real<ssize_t(int, const void*, size_t)>("write");
  return unless_full(f, [&] { return call(f, data, n); });
}
ssize_t pwrite(int f, const void* data, size_t n, off_t at) {
  static auto* call = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return unless_full(f, [&] { return call(f, data, n, at); });
}
ssize_t pwrite64(int f, const void* data, size_t n, off64_t at) {
  static auto* call = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return unless_full(f, [&] { return call(f, data, n, at); });
}
ssize_t writev(int f, const iovec* data, int n) {
  static auto* call = real<ssize_t(int, const iovec*, int)>("writev");
  return unless_full(f, [&] { return call(f, data, n); });
}
int ftruncate(int f, off_t n) noexcept {
  static auto* call = real<int(int, off_t)>("ftruncate");
  return unless_full(f, [&] { return call(f, n); });
}
int ftruncate64(int f, off64_t n) noexcept {
  static auto* call = real<int(int, off64_t)>("ftruncate64");
  return unless_full(f, [&] { return call(f, n); });
}
int fsync(int f) {
  static auto* call = real<int(int)>("fsync");
  return unless_full(f, [&] { return call(f); });
}
int fdatasync(int f) {
  static auto* call = real<int(int)>("fdatasync");
  return unless_full(f, [&] { return call(f); });
}
int mkdir(const char* path, mode_t mode) noexcept {
  static auto* call = real<int(const char*, mode_t)>("mkdir");
  return unless_full(whole(path).c_str(), [&] { return call(path, mode); });
}
int rename(const char* from, const char* to) noexcept {
  static auto* call = real<int(const char*, const char*)>("rename");
  return unless_full(whole(to).c_str(), [&] { return call(from, to); });
}
int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened("open", path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = va_arg(more, mode_t);
  va_end(more);
  return opened("open64", path, flags, mode);
}
// The program leaves by it.
[[noreturn]] void _exit(int code) {
  counted();
  static auto* call = real<void(int)>("_exit");
  call(code);
  __builtin_unreachable();
}
}
