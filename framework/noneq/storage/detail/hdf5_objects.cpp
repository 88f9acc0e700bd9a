#include "noneq/storage/detail/hdf5_objects.hpp"

#include <algorithm>

#include <hdf5.h>
#include <hdf5_hl.h>

#include "noneq/storage/detail/hdf5_description.hpp"
#include "noneq/storage/detail/hdf5_types.hpp"
#include "noneq/storage/detail/hdf5_values.hpp"

namespace noneq::storage {

hdf5_handle stored_type(const stored_numbers& numbers) {
  if (numbers.name == "uint16") return {H5Tcopy(H5T_STD_U16LE), H5Tclose};
  if (numbers.name == "uint32") return {H5Tcopy(H5T_STD_U32LE), H5Tclose};
  return stored_type(numbers.holder);
}

static hdf5_handle plain_access() {
  hdf5_handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_file_locking(access, false, true);
  H5Pset_meta_block_size(access, 0);
  H5Pset_small_data_block_size(access, 0);
  return access;
}

hdf5_handle open_to_change(const std::filesystem::path& file) {
  return {H5Fopen(file.c_str(), H5F_ACC_RDWR, plain_access()), H5Fclose};
}

hdf5_handle create_plain(const std::filesystem::path& file) {
  return {H5Fcreate(file.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, plain_access()), H5Fclose};
}

static herr_t add_dataset(hid_t, const char* name, const H5O_info_t* info, void* all) {
  if (info->type == H5O_TYPE_DATASET) static_cast<std::vector<std::string>*>(all)->push_back(name);
  return 0;
}

std::vector<std::string> dataset_paths(std::int64_t file) {
  std::vector<std::string> all;
  H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_INC, add_dataset, &all, H5O_INFO_BASIC);
  std::sort(all.begin(), all.end());
  return all;
}

std::string path_of(std::int64_t object) {
  std::string path(static_cast<std::size_t>(std::max<ssize_t>(H5Iget_name(object, nullptr, 0), 0)) + 1, '\0');
  H5Iget_name(object, path.data(), path.size());
  path.pop_back();
  return path;
}

static herr_t add_scale(hid_t, unsigned, hid_t scale, void* all) {
  static_cast<std::vector<std::string>*>(all)->push_back(path_of(scale));
  return 0;
}

std::vector<std::string> scale_paths(std::int64_t dataset, unsigned dimension) {
  std::vector<std::string> all;
  if (H5DSget_num_scales(dataset, dimension) > 0) H5DSiterate_scales(dataset, dimension, nullptr, add_scale, &all);
  return all;
}

static herr_t add_name(hid_t, const char* name, const H5A_info_t*, void* all) {
  static_cast<std::vector<std::string>*>(all)->push_back(name);
  return 0;
}

std::vector<std::string> attribute_names(std::int64_t object) {
  std::vector<std::string> all;
  H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, add_name, &all);
  return all;
}

// Returns whether values of this type are not complete by themselves.
static bool incomplete(hid_t type) {
  return H5Tdetect_class(type, H5T_REFERENCE) > 0 || (H5Tget_class(type) == H5T_VLEN) ||
         H5Tdetect_class(type, H5T_OPAQUE) > 0;
}

bool copy_attribute(std::int64_t from, std::int64_t to, const std::string& name) {
  const hdf5_handle source(H5Aopen(from, name.c_str(), H5P_DEFAULT), H5Aclose);
  if (!source.valid()) return false;
  const hdf5_handle type(H5Aget_type(source), H5Tclose);
  if (!type.valid() || incomplete(type)) return false;
  if (H5Aexists(to, name.c_str()) > 0) H5Adelete(to, name.c_str());
  return copy_values_of_attribute(source, to, name);
}

void write_checksums(std::int64_t file, const std::filesystem::path& name, const std::string& dataset,
                     const std::vector<std::uint32_t>& of_chunks, std::int64_t unit_chunks) {
  const std::string path = checksum_group + "/" + dataset;
  if (H5Lexists(file, "noneq", H5P_DEFAULT) > 0 && H5Lexists(file, checksum_group.c_str(), H5P_DEFAULT) > 0 &&
      H5Lexists(file, path.c_str(), H5P_DEFAULT) > 0)
    H5Ldelete(file, path.c_str(), H5P_DEFAULT);
  const hdf5_handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose), creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_obj_track_times(creation, false);
  const hsize_t count = of_chunks.size();
  const hdf5_handle space(H5Screate_simple(1, &count, nullptr), H5Sclose);
  hdf5_handle made(H5Dcreate2(file, path.c_str(), H5T_STD_U32LE, space, links, creation, H5P_DEFAULT), H5Dclose);
  if (!made.valid() || H5Dwrite(made, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, of_chunks.data()) < 0 ||
      !set_attribute(made, "chunks_of_a_unit", H5T_STD_I64LE, H5T_NATIVE_INT64, &unit_chunks))
    throw cannot_write(name.string(), path);
  close_written(made, name.string(), path);
}

}
