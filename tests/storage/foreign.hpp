// Files as other programs write them, made with HDF5's own calls.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <hdf5.h>

namespace testing {

// Writes `bytes` of memory type `memory` as a dataset of type `stored`.
struct foreign_file {
  hid_t id;
  explicit foreign_file(const std::filesystem::path& path)
      : id(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}
  ~foreign_file() { H5Fclose(id); }
  void put(const char* name, hid_t stored, hid_t memory, std::vector<hsize_t> shape, const void* bytes,
           hid_t creation = H5P_DEFAULT) const {
    const hid_t space =
        shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set = H5Dcreate2(id, name, stored, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    if (bytes) H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes);
    H5Dclose(set);
    H5Sclose(space);
  }
};

inline hid_t chunked(std::vector<hsize_t> chunk, bool shuffle = false, int gzip = -1) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
  if (shuffle) H5Pset_shuffle(creation);
  if (gzip >= 0) H5Pset_deflate(creation, static_cast<unsigned>(gzip));
  return creation;
}

// Sets an attribute of a dataset: numbers in the file's type, a scalar or an array.
inline void set_attribute(const foreign_file& f, const char* dataset, const char* name, hid_t stored,
                          const std::vector<double>& values) {
  const hid_t owner = H5Dopen2(f.id, dataset, H5P_DEFAULT);
  const hsize_t count = values.size();
  const hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr);
  const hid_t a = H5Acreate2(owner, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(a, H5T_NATIVE_DOUBLE, values.data());
  H5Aclose(a), H5Sclose(space), H5Dclose(owner);
}

}
