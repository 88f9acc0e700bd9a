#include "noneq/storage/detail/hdf5_values.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/core/stop.hpp"

namespace noneq::storage {

hdf5_handle copying_type(hid_t stored, bool& varying) {
  varying = H5Tdetect_class(stored, H5T_VLEN) > 0 || H5Tis_variable_str(stored) > 0 ||
            (H5Tget_class(stored) == H5T_COMPOUND && H5Tdetect_class(stored, H5T_STRING) > 0);
  return {varying ? H5Tget_native_type(stored, H5T_DIR_DEFAULT) : H5Tcopy(stored), H5Tclose};
}

bool copy_values_of_attribute(hid_t from, hid_t to, const std::string& name) {
  const hdf5_handle stored(H5Aget_type(from), H5Tclose), space(H5Aget_space(from), H5Sclose);
  const hdf5_handle type(H5Tcopy(stored), H5Tclose);  // a type that is not that file's own
  if (!space.valid() || !type.valid()) return false;
  const hdf5_handle made(H5Acreate2(to, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!made.valid()) return false;
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (H5Sget_simple_extent_type(space) == H5S_NULL || count == 0) return true;
  bool varying = false;
  const hdf5_handle memory = copying_type(type, varying);
  if (count < 0) return false;
  std::string values(static_cast<std::size_t>(count) * H5Tget_size(memory), '\0');
  if (H5Aread(from, memory, values.data()) < 0) return false;
  const bool copied = H5Awrite(made, memory, values.data()) >= 0;
  if (varying) H5Dvlen_reclaim(memory, space, H5P_DEFAULT, values.data());
  return copied;
}

error cannot_write(const std::string& file, const std::string& dataset) {
  return hdf5_error(file, fmt::format("cannot write dataset '{}'", dataset), "; free some space or write elsewhere");
}

void close_written(hdf5_handle& made, const std::string& file, const std::string& dataset) {
  if (!made.close()) throw cannot_write(file, dataset);
}

static error unreadable(const std::string& where) {
  return hdf5_error(where, "cannot be read", ": copy the file again");
}

void value_copy::rows(std::int64_t at_once) const {
  const hdf5_handle stored(H5Dget_type(from), H5Tclose), space(H5Dget_space(from), H5Sclose);
  bool varying = false;
  const hdf5_handle type = copying_type(stored, varying);
  if (H5Sget_simple_extent_type(space) == H5S_NULL) return;
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> extent(static_cast<std::size_t>(std::max(rank, 1)), 1), start(extent.size(), 0);
  if (rank > 0) H5Sget_simple_extent_dims(space, extent.data(), nullptr);
  if (std::count(extent.begin(), extent.end(), 0) > 0) return;
  const hsize_t all = extent[0];
  std::string values;
  for (hsize_t first = 0; first < all; first += static_cast<hsize_t>(at_once)) {
    stop_here_if_asked();
    start[0] = first;
    extent[0] = std::min(static_cast<hsize_t>(at_once), all - first);
    std::size_t bytes = H5Tget_size(type);
    for (const hsize_t n : extent) bytes *= n;
    values.assign(bytes, '\0');
    const hdf5_handle memory(rank > 0 ? H5Screate_simple(rank, extent.data(), nullptr) : H5Screate(H5S_SCALAR),
                             H5Sclose);
    if (rank > 0) H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr);
    if (H5Dread(from, type, memory, space, H5P_DEFAULT, values.data()) < 0) throw unreadable(from_where);
    const bool written = H5Dwrite(to, type, memory, space, H5P_DEFAULT, values.data()) >= 0;
    const error failed = written ? error("") : cannot_write(to_file, dataset);  // H5Dvlen_reclaim() clears its reason
    if (varying) H5Dvlen_reclaim(type, memory, H5P_DEFAULT, values.data());
    if (!written) throw failed;
    if (copied) copied(static_cast<std::int64_t>(bytes));
  }
}

void value_copy::chunks() const {
  const hdf5_handle creation(H5Dget_create_plist(from), H5Pclose), space(H5Dget_space(from), H5Sclose);
  const auto rank = static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space), 0));
  std::vector<hsize_t> shape(rank), chunk(rank), at(rank, 0);
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  if (rank == 0 || std::count(shape.begin(), shape.end(), 0) > 0) return;
  if (H5Pget_chunk(creation, static_cast<int>(rank), chunk.data()) < 0) throw unreadable(from_where);
  std::string values;
  for (std::size_t i = 0; i < rank;) {
    stop_here_if_asked();
    hsize_t bytes = 0;
    unsigned skipped = 0;
    if (H5Dget_chunk_storage_size(from, at.data(), &bytes) < 0) throw unreadable(from_where);
    if (bytes > 0) {
      values.resize(bytes);
      if (H5Dread_chunk(from, H5P_DEFAULT, at.data(), &skipped, values.data()) < 0) throw unreadable(from_where);
      if (H5Dwrite_chunk(to, H5P_DEFAULT, skipped, at.data(), values.size(), values.data()) < 0)
        throw cannot_write(to_file, dataset);
    }
    for (i = rank; i-- > 0;) {  // the next chunk in row-major order; beyond 0 behind the last
      at[i] += chunk[i];
      if (at[i] < shape[i]) break;
      at[i] = 0;
    }
  }
}

// Copies the values of a dataset that was made like it.
static void copy_values(const value_copy& copy) {
  const hdf5_handle creation(H5Dget_create_plist(copy.from), H5Pclose), type(H5Dget_type(copy.from), H5Tclose),
      space(H5Dget_space(copy.from), H5Sclose);
  bool varying = false;
  copying_type(type, varying);
  const H5D_layout_t layout = H5Pget_layout(creation);
  // The numbers of these lie in other files, which the copy refers to.
  if (layout == H5D_VIRTUAL || H5Pget_external_count(creation) > 0) return;
  if (layout == H5D_CHUNKED && !varying) return copy.chunks();
  if (layout == H5D_CONTIGUOUS && H5Dget_offset(copy.from) == HADDR_UNDEF) return;  // never written
  constexpr std::size_t at_once = std::size_t{16} << 20;
  hssize_t values = H5Sget_simple_extent_npoints(space);
  std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space), 0)) + 1, 1);
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  const auto row =
      H5Tget_size(type) * static_cast<std::size_t>(std::max<hssize_t>(values, 1)) / std::max<hsize_t>(shape[0], 1);
  copy.rows(static_cast<std::int64_t>(std::max<std::size_t>(1, at_once / std::max<std::size_t>(row, 1))));
}

void copy_dataset(const value_copy& names, hid_t to_file, const std::string& path) {
  const hdf5_handle creation(H5Dget_create_plist(names.from), H5Pclose), stored(H5Dget_type(names.from), H5Tclose),
      type(H5Tcopy(stored), H5Tclose), space(H5Dget_space(names.from), H5Sclose),
      links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  hdf5_handle made(H5Dcreate2(to_file, path.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose);
  if (!made.valid()) throw cannot_write(names.to_file, names.dataset);
  value_copy copy = names;
  copy.to = made;
  copy_values(copy);
  close_written(made, names.to_file, names.dataset);
}

}
