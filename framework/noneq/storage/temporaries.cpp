#include "noneq/storage/temporaries.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "noneq/storage/files.hpp"

namespace noneq::storage {
namespace {

// A signal handler may follow no pointer that the thread it interrupts is changing. So the names stand in places that
// stay, and only the owner of a place reads its name.
enum place_use { free_place, being_changed, noted };
struct noted_name {
  std::atomic<int> use = free_place;
  std::array<char, PATH_MAX> path;
};
std::array<noted_name, 64> names;  // files beyond are only less tidy: the next run removes them

std::string_view skip_digits(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789");
  return text.substr(std::min(end, text.size()));
}

enum class locking { done, held_by_another, unsupported };

// OFD locks, unlike others, are independent of those that HDF5 takes, and of other descriptors of the file in this
// process.
locking try_lock(int descriptor) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_OFD_SETLK, &whole) == 0) return locking::done;
  return errno == EAGAIN || errno == EACCES ? locking::held_by_another : locking::unsupported;
}

}

bool is_temporary(std::string_view name) {
  const auto at = name.rfind(temporary_mark);
  if (at == name.npos || at == 0) return false;
  const std::string_view process = name.substr(at + temporary_mark.size()), dash = skip_digits(process);
  return dash.size() > 1 && dash.size() < process.size() && dash[0] == '-' && skip_digits(dash.substr(1)).empty();
}

bool lock_temporary(int descriptor) {
  if (try_lock(descriptor) == locking::held_by_another) return false;
  struct stat status {};
  return ::fstat(descriptor, &status) != 0 || status.st_nlink > 0;
}

std::vector<std::filesystem::path> remove_stale_temporaries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found, removed;
  std::error_code ignored;
  for (std::filesystem::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored))
    if (is_temporary(at->path().filename().string()) && at->is_regular_file(ignored)) found.push_back(at->path());
  for (const auto& path : found) {
    const descriptor file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (file.get() >= 0 && try_lock(file.get()) == locking::done && ::unlink(path.c_str()) == 0)
      removed.push_back(path);
  }
  return removed;
}

noted_temporary::noted_temporary(const std::filesystem::path& path) {
  const std::string& name = path.native();
  if (name.size() >= PATH_MAX) return;
  for (int i = 0; i < static_cast<int>(names.size()); ++i) {
    noted_name& p = names[static_cast<std::size_t>(i)];
    int unused = free_place;
    if (!p.use.compare_exchange_strong(unused, being_changed)) continue;
    std::memcpy(p.path.data(), name.c_str(), name.size() + 1);
    p.use.store(noted);
    place_ = i;
    return;
  }
}

noted_temporary::noted_temporary(noted_temporary&& other) noexcept : place_(std::exchange(other.place_, -1)) {}

noted_temporary& noted_temporary::operator=(noted_temporary&& other) noexcept {
  std::swap(place_, other.place_);
  return *this;
}

void noted_temporary::forget() {
  if (place_ < 0) return;
  int there = noted;  // otherwise a handler has it, and the process is at its end
  names[static_cast<std::size_t>(std::exchange(place_, -1))].use.compare_exchange_strong(there, free_place);
}

void remove_temporaries() noexcept {
  for (noted_name& p : names)
    if (int there = noted; p.use.compare_exchange_strong(there, being_changed)) {
      ::unlink(p.path.data());
      p.use.store(free_place);
    }
}

}
