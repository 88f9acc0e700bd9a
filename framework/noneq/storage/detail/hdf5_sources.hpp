// The files that hold a dataset's numbers: its own file, those that a virtual dataset maps, or external ones. HDF5
// reads missing numbers as zeros without an error. Private to the room; call with hdf5_lock held.
#pragma once

#include "noneq/storage/detail/hdf5_handle.hpp"

namespace noneq::storage {

struct hdf5_file;
struct open_dataset;

// A file that numbers are read from, and its bytes when the dataset was opened.
struct held_file {
  std::string name;
  int descriptor = -1;  // HDF5's own; −1: the file is looked up by name
  std::int64_t bytes = 0;
};

// Returns the file itself. Errors: its size cannot be read.
held_file held(const hdf5_file& file);

// Adds the sources of a virtual dataset, or of one with external storage, to d.files and d.layout.sources. Errors, by
// name: a file or dataset that is missing or too short, numbers that no source gives and no fill value was set for.
void open_sources(const hdf5_file& file, open_dataset& d, int depth);

// Errors: a file has become shorter since, or is gone. HDF5 reads numbers beyond its end as zeros.
void need_as_long(const open_dataset& d);

}
