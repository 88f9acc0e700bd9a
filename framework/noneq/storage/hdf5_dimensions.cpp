#include <hdf5.h>
#include <hdf5_hl.h>

#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_objects.hpp"
#include "noneq/storage/detail/hdf5_probe.hpp"

namespace noneq::storage {

static std::vector<dimension> dimensions_of(const hdf5_file& file, const std::string& dataset) {
  const hdf5_handle id = file.object(dataset);
  const hdf5_handle space(H5Dget_space(id), H5Sclose);
  const int rank = space.valid() ? H5Sget_simple_extent_ndims(space) : 0;
  std::vector<dimension> all(static_cast<std::size_t>(std::max(rank, 0)));
  if (H5DSis_scale(id) > 0) return all;  // a scale has none itself
  for (unsigned i = 0; i < all.size(); ++i) {
    if (const ssize_t length = H5DSget_label(id, i, nullptr, 0); length > 0) {
      all[i].label.resize(static_cast<std::size_t>(length) + 1);
      H5DSget_label(id, i, all[i].label.data(), all[i].label.size());
      all[i].label.pop_back();
    }
    for (const std::string& path : scale_paths(id, i))
      all[i].scales.push_back(path.starts_with('/') ? path.substr(1) : path);
  }
  return all;
}

std::vector<dimension> hdf5_reader::dimensions(const std::string& dataset) const {
  const hdf5_lock lock;
  need_survival(file_->name + ": the scales of '" + dataset + "'", file_->name,
                [&] { dimensions_of(*file_, dataset); });
  return dimensions_of(*file_, dataset);
}

bool hdf5_reader::is_scale(const std::string& dataset) const {
  const hdf5_lock lock;
  return H5DSis_scale(file_->object(dataset)) > 0;
}

std::vector<double> hdf5_reader::numbers(const std::string& object, const std::string& attribute) const {
  const hdf5_lock lock;
  std::vector<double> all;
  const auto read = [&] {
    const hdf5_handle id = file_->object(object);
    if (H5Aexists(id, attribute.c_str()) <= 0) return;
    const hdf5_handle found(H5Aopen(id, attribute.c_str(), H5P_DEFAULT), H5Aclose);
    const hdf5_handle type(H5Aget_type(found), H5Tclose), space(H5Aget_space(found), H5Sclose);
    const hssize_t count = H5Sget_simple_extent_npoints(space);
    constexpr hssize_t most = 1024;
    if (!type.valid() || count < 1 || count > most) return;
    if (const H5T_class_t kind = H5Tget_class(type); kind != H5T_INTEGER && kind != H5T_FLOAT) return;
    all.resize(static_cast<std::size_t>(count));
    if (H5Aread(found, H5T_NATIVE_DOUBLE, all.data()) < 0) all.clear();
  };
  need_survival(file_->name + ": attribute '" + attribute + "' of '" + object + "'", file_->name, read);
  all.clear();
  read();
  return all;
}

}
