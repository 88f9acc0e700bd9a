#include "noneq/storage/detail/hdf5_description.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <hdf5.h>
#include <hdf5_hl.h>

#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_objects.hpp"
#include "noneq/storage/detail/hdf5_values.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::storage {

bool set_attribute(std::int64_t object, const std::string& name, std::int64_t stored, std::int64_t memory,
                   const void* value) {
  if (H5Aexists(object, name.c_str()) > 0) H5Adelete(object, name.c_str());
  const hdf5_handle one(H5Screate(H5S_SCALAR), H5Sclose);
  const hdf5_handle made(H5Acreate2(object, name.c_str(), stored, one, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  return made.valid() && H5Awrite(made, memory, value) >= 0;
}

// Returns whether an attribute states how numbers are stored, or links scales; these describe the source alone.
static bool of_storage(const std::string& name) {
  static constexpr std::array<const char*, 16> names{
      "scale_factor",  "add_offset",          "_FillValue",  "missing_value", "valid_min",      "valid_max",
      "valid_range",   "DIMENSION_LIST",      "CLASS",       "NAME",          "REFERENCE_LIST", "_Unsigned",
      "_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict", "_Storage"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Returns the path of the scale of a dimension; "" when it has none.
static std::string scale_of(hid_t dataset, unsigned dimension) {
  const std::vector<std::string> all = scale_paths(dataset, dimension);
  return all.empty() ? "" : all.front();
}

static std::vector<hsize_t> shape_of(hid_t dataset) {
  const hdf5_handle space(H5Dget_space(dataset), H5Sclose);
  std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  return shape;
}

static hdf5_handle open_dataset_of(hid_t file, const std::string& path) {
  return {H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose};
}

// The attributes by which the numbers of a scale are read, as netCDF has them, and how they are stored; times of two
// files in days since different dates are not one scale.
static std::map<std::string, std::string> meaning_of(const std::filesystem::path& file, const std::string& scale) {
  std::map<std::string, std::string> all = hdf5_reader(file.string()).attributes(scale);
  std::erase_if(all, [](const auto& a) {
    return a.first != "units" && a.first != "calendar" && a.first != "scale_factor" && a.first != "add_offset";
  });
  return all;
}

// Makes a dataset with the numbers of the scale in all files, one behind the other. Returns an invalid handle where
// they are not `length` in all, or not alike; throws where they cannot be written.
static hdf5_handle joined_scale(hid_t file, const std::string& file_name, const std::string& name,
                                const std::vector<std::filesystem::path>& files, const std::string& scale,
                                hsize_t length) {
  std::string values, reason;
  hdf5_handle type;
  hsize_t found = 0;
  const hdf5_handle first = open_hdf5(files.front().string(), reason), source = open_dataset_of(first, scale);
  if (!source.valid()) return {};
  const auto meaning = meaning_of(files.front(), scale);
  for (const auto& each : files) {
    const hdf5_handle file_of_part = open_hdf5(each.string(), reason), part = open_dataset_of(file_of_part, scale);
    if (!part.valid() || meaning_of(each, scale) != meaning) return {};
    const std::vector<hsize_t> shape = shape_of(part);
    hdf5_handle own(H5Dget_type(part), H5Tclose);
    const H5T_class_t kind = H5Tget_class(own);
    if (shape.size() != 1 || (kind != H5T_INTEGER && kind != H5T_FLOAT)) return {};
    if (!type.valid()) type = std::move(own);
    const std::size_t size = H5Tget_size(type), before = values.size();
    values.resize(before + size * shape[0]);
    if (H5Dread(part, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data() + before) < 0) return {};
    found += shape[0];
  }
  if (found != length || found == 0) return {};
  const hdf5_handle links(H5Pcreate(H5P_LINK_CREATE), H5Pclose), creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_create_intermediate_group(links, 1);
  H5Pset_obj_track_times(creation, false);
  const hdf5_handle space(H5Screate_simple(1, &length, nullptr), H5Sclose);
  hdf5_handle made(H5Dcreate2(file, name.c_str(), type, space, links, creation, H5P_DEFAULT), H5Dclose);
  if (!made.valid() || H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    throw cannot_write(file_name, name);
  for (const std::string& attribute : attribute_names(source))
    if (!of_storage(attribute)) copy_attribute(source, made, attribute);
  return made;
}

void attach_like(std::int64_t from, std::int64_t to) {
  for (const std::string& name : dataset_paths(from)) {
    const hdf5_handle read = open_dataset_of(from, name), write = open_dataset_of(to, name);
    if (!read.valid() || !write.valid() || H5DSis_scale(read) > 0) continue;
    for (unsigned d = 0; d < shape_of(read).size(); ++d) {
      const std::string scale = scale_of(read, d);
      if (scale.empty()) continue;
      const hdf5_handle there = open_dataset_of(to, scale);
      if (there.valid()) H5DSattach_scale(write, there, d);
    }
  }
}

void copy_description(std::int64_t file, const std::string& file_name, const std::string& dataset, const sizes& row,
                      const std::vector<std::filesystem::path>& files, const std::string& source, std::int64_t rows,
                      bool of_rows_only) {
  if (files.empty()) return;
  std::string reason;
  const hdf5_handle from = open_hdf5(files.front().string(), reason);
  if (!from.valid()) return;
  const hdf5_handle read = open_dataset_of(from, source), to = open_dataset_of(file, dataset);
  if (!read.valid() || !to.valid()) return;
  for (const std::string& name : attribute_names(read))
    if (!of_rows_only && !of_storage(name)) copy_attribute(read, to, name);
  const std::vector<hsize_t> shape = shape_of(read);
  for (unsigned d = 0; d < shape.size() && d < row.size() + 1; ++d) {
    const std::string scale = scale_of(read, d);
    if (scale.empty()) continue;
    // Behind the first dimension the axes are the same where there are as many of the same lengths.
    const bool of_rows = d == 0;
    if (of_rows_only && !of_rows) break;
    if (!of_rows && (shape.size() != row.size() + 1 || shape[d] != static_cast<hsize_t>(row[d - 1]))) continue;
    if (of_rows && rows < 0) continue;
    const std::string name = scale.substr(scale.find_first_not_of('/'));
    hdf5_handle made = H5Lexists(file, name.c_str(), H5P_DEFAULT) > 0 ? open_dataset_of(file, name) : hdf5_handle();
    const auto length = of_rows ? static_cast<hsize_t>(rows) : shape[d];
    const bool there = made.valid();
    if (there) {
      if (H5DSis_scale(made) <= 0 || shape_of(made) != std::vector{length}) continue;
    } else {
      made = joined_scale(file, file_name, name, of_rows ? files : std::vector{files.front()}, scale, length);
      if (!made.valid()) continue;
      const hdf5_handle original = open_dataset_of(from, scale);
      std::array<char, 256> label{};
      H5DSget_scale_name(original, label.data(), label.size());
      if (H5DSset_scale(made, label[0] == '\0' ? nullptr : label.data()) < 0) throw cannot_write(file_name, name);
    }
    H5DSattach_scale(to, made, d);
    if (!there) close_written(made, file_name, name);
  }
}

}
