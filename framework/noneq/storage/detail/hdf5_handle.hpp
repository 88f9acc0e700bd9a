// The base of every file of the room that calls HDF5: one lock, owned handles, readable failures. Private to the room.
// hid_t and herr_t are spelled std::int64_t and int, so that no header needs hdf5.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "noneq/core/error.hpp"

namespace noneq::storage {

// Held around every call of HDF5, process-wide; recursive, so that handles can close themselves under it. Also keeps
// HDF5 from printing its own errors, which it decides thread by thread.
class hdf5_lock {
 public:
  hdf5_lock();
  hdf5_lock(const hdf5_lock&) = delete;
  ~hdf5_lock();
};

// An HDF5 id, closed with the object.
class hdf5_handle {
 public:
  hdf5_handle() = default;
  hdf5_handle(std::int64_t id, int (*close)(std::int64_t)) : id_(id), close_(close) {}
  hdf5_handle(hdf5_handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  hdf5_handle& operator=(hdf5_handle&& other) noexcept;
  ~hdf5_handle() { close(); }

  operator std::int64_t() const { return id_; }
  bool valid() const { return id_ >= 0; }
  // Returns false when HDF5 could not, e.g. because a last write failed. hdf5_reason() of a call that failed before
  // outlives a handle that is closed.
  bool close();

 private:
  std::int64_t id_ = -1;
  int (*close_)(std::int64_t) = nullptr;
};

// Returns the innermost message of the call that just failed on this thread. Call it before any other call of HDF5,
// except those that close handles.
std::string hdf5_reason();

// "<file>: <what> (<hdf5_reason()>)<remedy>".
error hdf5_error(const std::string& file, std::string_view what, std::string_view remedy = "");

}
