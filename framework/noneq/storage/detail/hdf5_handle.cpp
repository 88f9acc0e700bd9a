#include "noneq/storage/detail/hdf5_handle.hpp"

#include <atomic>
#include <mutex>
#include <thread>
#include <type_traits>

#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/storage/detail/hdf5_filters.hpp"

namespace noneq::storage {

static_assert(std::is_same_v<hid_t, std::int64_t> && std::is_same_v<herr_t, int>);

// After a failed H5Fclose (a full disk) HDF5 1.10 keeps the id of a freed file, and its exit handler walks into it.
// Handles close all there is to close; the handler must be refused before the first call of HDF5, hence when this
// library loads.
[[maybe_unused]] static const herr_t no_exit_handler = H5dont_atexit();

// std::recursive_mutex identifies its thread by a number that fork() changes: a child would wait for itself.
struct library_use {
  library_use() { register_filters(); }
  std::mutex mutex;
  std::atomic<std::thread::id> owner;
  int depth = 0;  // touched by the owner only
};

static library_use& use_of_library() {
  static library_use use;
  return use;
}

hdf5_lock::hdf5_lock() {
  library_use& use = use_of_library();
  if (use.owner.load() != std::this_thread::get_id()) {
    use.mutex.lock();
    use.owner.store(std::this_thread::get_id());
  }
  ++use.depth;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

hdf5_lock::~hdf5_lock() {
  library_use& use = use_of_library();
  if (--use.depth > 0) return;
  use.owner.store(std::thread::id());
  use.mutex.unlock();
}

hdf5_handle& hdf5_handle::operator=(hdf5_handle&& other) noexcept {
  if (this == &other) return *this;
  close();
  id_ = std::exchange(other.id_, -1);
  close_ = other.close_;
  return *this;
}

bool hdf5_handle::close() {
  if (id_ < 0) return true;
  const hdf5_lock lock;
  const hid_t reason = H5Eget_num(H5E_DEFAULT) > 0 ? H5Eget_current_stack() : H5I_INVALID_HID;
  const bool closed = close_(std::exchange(id_, -1)) >= 0;
  if (reason < 0) return closed;
  const hid_t own = closed ? H5I_INVALID_HID : H5Eget_current_stack();  // which H5Eclose_stack() would clear
  closed ? H5Eset_current_stack(reason) : H5Eclose_stack(reason);
  if (own >= 0) H5Eset_current_stack(own);
  return closed;
}

static herr_t keep_first(unsigned, const H5E_error2_t* entry, void* text) {
  auto& kept = *static_cast<std::string*>(text);
  if (kept.empty() && entry->desc) kept = entry->desc;
  return 0;
}

std::string hdf5_reason() {
  std::string text;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &text);
  // A failed system call comes with its descriptor, buffer and offsets; only the system's words help.
  static constexpr std::string_view marker = "error message = '";
  if (const auto at = text.find(marker); at != text.npos) {
    text.erase(0, at + marker.size());
    text.erase(std::min(text.find('\''), text.size()));
  }
  return text.empty() ? "HDF5 gives no reason" : text;
}

error hdf5_error(const std::string& file, std::string_view what, std::string_view remedy) {
  return error(fmt::format("{}: {} ({}){}", file, what, hdf5_reason(), remedy));
}

}
