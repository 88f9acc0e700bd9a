#include "noneq/flow/folder_lock.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace noneq::flow {
namespace fs = std::filesystem;

static input_error cannot_lock(const fs::path& folder, const std::string& why) {
  return input_error({error(why, "", {folder.string()})});
}

static std::string name_in(int lock) {
  std::array<char, 512> text{};
  const auto n = ::pread(lock, text.data(), text.size(), 0);
  const std::string who = first_line({text.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))});
  return who.empty() ? "another process" : who;
}

std::string holder_of(const fs::path& folder) {
  const storage::descriptor lock(::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (lock.get() < 0 || ::flock(lock.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) return "";
  return name_in(lock.get());
}

folder_lock::folder_lock(fs::path folder) : folder_(std::move(folder)), file_(folder_ / "lock") {
  make_folder();
  // holder_of() of another process holds a lock for a moment, too.
  constexpr int tries = 10;
  for (int k = 0; k < tries; ++k) try {
      while (!take()) {
      }
      return;
    } catch (const folder_in_use&) {
      if (k + 1 == tries) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

void folder_lock::make_folder() {
  std::error_code failed;
  std::vector<fs::path> missing;
  for (fs::path at = fs::absolute(folder_); !at.empty() && !fs::exists(at, failed) && at != at.parent_path();
       at = at.parent_path())
    if (at.has_filename()) missing.push_back(at);
  std::reverse(missing.begin(), missing.end());
  for (const fs::path& at : missing) {
    if (fs::create_directory(at, failed)) made_.push_back(at);
    if (failed) break;
  }
  fs::create_directories(folder_, failed);  // a path that exists and is no folder fails here
  if (failed) throw cannot_lock(folder_, fmt::format("the folder cannot be made: {}", failed.message()));
}

bool folder_lock::take() {
  lock_ = storage::descriptor(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (lock_.get() < 0) throw input_error({storage::file_error(file_, "write", errno)});
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) return false;
    if (errno != EWOULDBLOCK) return true;  // a file system without locks: the run goes on without one
    if (!is_ours()) return false;           // its owner has just ended and removed it
    throw folder_in_use({error(
        fmt::format("is in use by {}; wait until that has ended, or give --out another folder", name_in(lock_.get())),
        "", {folder_.string()})});
  }
  if (!is_ours()) return false;  // its last owner removed it between the two calls
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string who = fmt::format("process {} on {}\n", ::getpid(), host.data());
  // The name is for people: without it (a full disk) the lock holds all the same.
  [[maybe_unused]] const bool named =
      ::ftruncate(lock_.get(), 0) == 0 && ::pwrite(lock_.get(), who.data(), who.size(), 0) > 0;
  return true;
}

bool folder_lock::is_ours() const {
  struct stat held {
  }, named{};
  return ::fstat(lock_.get(), &held) == 0 && ::stat(file_.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

void folder_lock::need_folder() const {
  if (!is_ours())
    throw folder_gone("the folder of the run was removed or replaced while the run worked; what it had saved is gone",
                      "", {folder_.string()});
}

folder_lock::~folder_lock() {
  std::error_code ignored;
  if (is_ours()) fs::remove(file_, ignored);
  std::reverse(made_.begin(), made_.end());
  for (const fs::path& folder : made_)
    if (!fs::remove(folder, ignored)) return;
}

}
