// Copies the objects of an HDF5 file into another: groups, links, attributes and dimension scales, with datasets either
// as they are stored or made by the caller. Private to the room; call with hdf5_lock held.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "noneq/storage/detail/hdf5_handle.hpp"

namespace noneq::storage {

// Makes a dataset of the target that takes the place of one of the source, without its attributes. Returns whether it
// did; otherwise the dataset is copied as it is.
using dataset_maker = std::function<bool(const std::string& path, std::int64_t source)>;

class hdf5_copy {
 public:
  // Files open for reading and for writing, and their names for messages.
  hdf5_copy(std::int64_t from, std::string from_name, std::int64_t to, std::string to_name, dataset_maker make)
      : from_(from), to_(to), from_name_(std::move(from_name)), to_name_(std::move(to_name)), make_(std::move(make)) {}

  // Copies all. Throws noneq::error where HDF5 fails, and for references from object to object other than dimension
  // scales, which another file cannot hold.
  void run();

 private:
  void members(std::int64_t group, const std::string& path);
  void link(std::int64_t group, const std::string& path, const char* name);
  void object(const std::string& path);
  void attributes(std::int64_t source, std::int64_t target, const std::string& path);
  void attribute(std::int64_t source, std::int64_t target, const std::string& name, const std::string& path);
  void attach_scales();
  void need(bool good, const std::string& what) const;

  std::int64_t from_, to_;
  std::string from_name_, to_name_;
  dataset_maker make_;
  std::map<std::uint64_t, std::string> copied_;  // by the address of the object: its first path
  std::vector<std::string> datasets_;
};

// Creates a file whose root group keeps links and attributes in the order in which `like` does. Returns an invalid
// handle on failure.
hdf5_handle create_like(const std::string& path, std::int64_t like);

}
