// Copies the values of a dataset, or an attribute, into another of its shape and type, in another file. HDF5's own
// H5Ocopy crashes where the disk is full. Private to the room; call with hdf5_lock held.
#pragma once

#include <functional>
#include <string>

#include "noneq/storage/detail/hdf5_handle.hpp"

namespace noneq::storage {

// Returns the error of a dataset that HDF5 could not write, with its reason.
error cannot_write(const std::string& file, const std::string& dataset);

// Closes a dataset that was written. HDF5 holds some of the numbers back until then, and drops them where it cannot
// write them, which a destructor would not notice. `file` and `dataset` are names for messages. Throws noneq::error.
void close_written(hdf5_handle& made, const std::string& file, const std::string& dataset);

// The two datasets, and their names for messages.
struct value_copy {
  std::int64_t from, to;
  std::string from_where, to_file, dataset;
  std::function<void(std::int64_t bytes)> copied = {};  // called by rows() after each block

  // Copies all rows, `at_once` at a time. Throws noneq::error where they cannot be read or written.
  void rows(std::int64_t at_once) const;
  // Copies the chunks as they are stored, of datasets with equal chunks and filters; those that were never written stay
  // so. Throws noneq::error as rows() does.
  void chunks() const;
};

// Returns the type in which values of a stored type are copied: itself, or its form in memory where they vary in
// length.
hdf5_handle copying_type(std::int64_t stored, bool& varying);

// Makes an attribute like `from` of an object that has none of this name, in any file, with its values. Returns false
// where HDF5 fails.
bool copy_values_of_attribute(std::int64_t from, std::int64_t to, const std::string& name);

// Makes a dataset in the file `to` like `from`, with its values and the groups on the way, without attributes. Throws
// noneq::error where that fails.
void copy_dataset(const value_copy& names, std::int64_t to_file, const std::string& path);

}
