// An HDF5 file open for reading and its open datasets, the implementation of hdf5_reader. Private to the room.
#pragma once

#include "noneq/storage/detail/hdf5_sources.hpp"
#include "noneq/storage/detail/hdf5_types.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::storage {

struct open_dataset {
  std::string where;  // "<file>: dataset '<name>'", opens every message
  hdf5_handle id;
  dataset_layout layout;
  number_type type;
  bool filled = true;                 // false when rows that were never written leave the buffer as it is
  std::vector<held_file> files = {};  // its own first
  mutable std::shared_ptr<const input_file> piece = {};  // its own file, where its numbers lie in it in one piece
};

struct hdf5_file {
  std::string name;
  hdf5_handle id;
  std::map<std::string, open_dataset> open;

  const open_dataset& dataset(const std::string& path);  // opened once, stays valid as long as the file

  // Call these with hdf5_lock held.
  std::vector<std::string> datasets() const;
  hdf5_handle object(const std::string& path) const;  // errors: absent, with the names in the file
};

// Opens a file to read. Returns an invalid handle when HDF5 cannot, with its reason.
hdf5_handle open_hdf5(const std::string& path, std::string& reason);

// Opens a dataset and checks that it is a non-empty array of numbers, all of them there, and of a size that such a file
// can hold. `depth`: how many virtual datasets lead to it.
open_dataset inspect_dataset(const hdf5_file& file, const std::string& path, int depth = 0);

// Errors: the first stored chunk has not the size that the header states for all of them; HDF5 would read beyond it.
void check_chunk_shape(const open_dataset& dataset);

// Errors: rows first … first+count-1 are not all there.
void check_rows(const open_dataset& dataset, std::int64_t first, std::int64_t count);

// Returns a tensor for `count` rows. Errors: no memory for it.
Tensor empty_rows(const open_dataset& dataset, std::int64_t count);

// Reads count rows into the front of `out`, contiguous and of the dataset's dtype.
void read_run(const open_dataset& dataset, std::int64_t first, std::int64_t count, char* out);

// Converts raw numbers to those of the dtype (bool 0 or 1). Errors: a uint64 that int64 cannot hold.
void finish_rows(const open_dataset& dataset, const Tensor& rows);

}
