#include "noneq/core/memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include <c10/core/CPUAllocator.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <torch/version.h>
#include <unistd.h>

#include "noneq/core/error.hpp"

namespace noneq {
namespace {

std::string in_units(double bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  return fmt::format("{:.3g} {}", bytes, units[unit]);
}

// Returns the number in a file of the kernel's; infinity where there is none, as in "max".
double number_in(const char* file) {
  double x = 0;
  return std::ifstream(file) >> x ? x : std::numeric_limits<double>::infinity();
}

// libtorch's own allocator, behind a check of the size.
class bounded_allocator : public c10::Allocator {
 public:
  explicit bounded_allocator(c10::Allocator& of) : of_(of) {}

#if TORCH_VERSION_MAJOR < 2
  c10::DataPtr allocate(std::size_t bytes) const override { return checked(bytes); }
#else
  c10::DataPtr allocate(std::size_t bytes) override { return checked(bytes); }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { of_.copy_data(to, from, bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return of_.raw_deleter(); }

 private:
  c10::DataPtr checked(std::size_t bytes) const {
    constexpr std::size_t worth_a_look = 64 << 20;
    if (bytes >= worth_a_look)
      need_memory(memory_held() + static_cast<double>(bytes),
                  fmt::format("a tensor of {} beside what is held", in_units(static_cast<double>(bytes))));
    return of_.allocate(bytes);
  }

  c10::Allocator& of_;
};

}

double memory_of_machine() {
  double bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"})
    bytes = std::min(bytes, number_in(file));
  rlimit space{};
  if (::getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    bytes = std::min(bytes, static_cast<double>(space.rlim_cur));
  return bytes;
}

double memory_held() {
  const auto heap = ::mallinfo2();
  return static_cast<double>(heap.uordblks) + static_cast<double>(heap.hblkhd);
}

void need_memory(double bytes, std::string_view what, std::string_view subject) {
  if (const double there = memory_of_machine(); !(bytes <= there))
    throw error(fmt::format("{} needs {} of memory, need at most the {} of this machine", what, in_units(bytes),
                            in_units(there)),
                std::string(subject));
}

void bound_tensors() {
  static bounded_allocator bounded(*c10::GetDefaultCPUAllocator());
  c10::SetAllocator(c10::DeviceType::CPU, &bounded);
}

void keep_freed_memory() {
  constexpr int megabyte = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * megabyte);  // the largest it accepts; larger blocks are mapped by themselves
  mallopt(M_TOP_PAD, 64 * megabyte);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

void return_freed_memory() { ::malloc_trim(0); }

}
