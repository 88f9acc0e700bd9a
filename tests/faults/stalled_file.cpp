// Preloaded, lets the file NONEQ_STALLED answer no more, as one of a server that is gone: the NONEQ_STALLED_AT-th call
// that reads from it, counted from 1, and all behind it never return. The file NONEQ_STALLED_NOTE is made then.
#include <dlfcn.h>
#include <unistd.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

void stall(int file) {
  static const char* path = std::getenv("NONEQ_STALLED");
  static const long at = std::atol(std::getenv("NONEQ_STALLED_AT"));
  static std::atomic<long> calls{0};
  char link[64], opened[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t n = ::readlink(link, opened, sizeof opened);
  if (n <= 0 || std::string_view(opened, static_cast<std::size_t>(n)) != path) return;
  if (++calls < at) return;
  if (std::FILE* note = std::fopen(std::getenv("NONEQ_STALLED_NOTE"), "w")) std::fclose(note);
  while (true) ::pause();
}

}

extern "C" {
ssize_t read(int f, void* to, size_t n) {
  static auto* call = real<ssize_t(int, void*, size_t)>("read");
  return stall(f), call(f, to, n);
}
ssize_t pread(int f, void* to, size_t n, off_t at) {
  static auto* call = real<ssize_t(int, void*, size_t, off_t)>("pread");
  return stall(f), call(f, to, n, at);
}
ssize_t pread64(int f, void* to, size_t n, off64_t at) {
  static auto* call = real<ssize_t(int, void*, size_t, off64_t)>("pread64");
  return stall(f), call(f, to, n, at);
}
}
