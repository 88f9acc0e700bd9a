// HDF5 as it is loaded, for `noneq doctor`. Thread-safe.
#pragma once

#include <string>
#include <vector>

namespace noneq::storage {

std::string hdf5_version();

struct hdf5_filter {
  std::string name;
  bool there = false;     // HDF5 can read chunks packed by it
  bool parallel = false;  // this program unpacks them on all cores; others wait for HDF5's one lock
};

// Returns the filters that files use in practice.
std::vector<hdf5_filter> hdf5_filters();

}
