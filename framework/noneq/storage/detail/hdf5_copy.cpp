#include "noneq/storage/detail/hdf5_copy.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <hdf5_hl.h>

#include "noneq/core/stop.hpp"
#include "noneq/storage/detail/hdf5_objects.hpp"
#include "noneq/storage/detail/hdf5_values.hpp"

namespace noneq::storage {
namespace {

herr_t keep_link(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

herr_t keep_attribute(hid_t, const char* name, const H5A_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->emplace_back(name);
  return 0;
}

// The order in which a group's links, or an object's attributes, are visited: that in which they were made, if it is
// known.
H5_index_t order_of(unsigned flags) { return flags & H5P_CRT_ORDER_TRACKED ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME; }

bool refers(hid_t type) { return H5Tdetect_class(type, H5T_REFERENCE) > 0; }

}

void hdf5_copy::need(bool good, const std::string& what) const {
  if (!good)
    throw hdf5_error(to_name_, "cannot copy " + what + " of " + from_name_, "; free some space, or copy it again");
}

void hdf5_copy::run() {
  const hdf5_handle from(H5Gopen2(from_, "/", H5P_DEFAULT), H5Gclose), to(H5Gopen2(to_, "/", H5P_DEFAULT), H5Gclose);
  need(from.valid() && to.valid(), "the groups");
  H5O_info_t info{};
  H5Oget_info2(from, &info, H5O_INFO_BASIC);
  copied_[info.addr] = "/";
  attributes(from, to, "/");
  members(from, "/");
  attach_scales();
}

void hdf5_copy::members(hid_t group, const std::string& path) {
  const hdf5_handle creation(H5Gget_create_plist(group), H5Pclose);
  unsigned flags = 0;
  H5Pget_link_creation_order(creation, &flags);
  std::vector<std::string> names;
  need(H5Literate(group, order_of(flags), H5_ITER_INC, nullptr, keep_link, &names) >= 0, "group '" + path + "'");
  for (const std::string& name : names) link(group, path == "/" ? path + name : path + "/" + name, name.c_str());
}

void hdf5_copy::link(hid_t group, const std::string& path, const char* name) {
  stop_here_if_asked();
  H5L_info_t info{};
  need(H5Lget_info(group, name, &info, H5P_DEFAULT) >= 0, "link '" + path + "'");
  if (info.type == H5L_TYPE_HARD) return object(path);
  std::string value(info.u.val_size, '\0');
  need(H5Lget_val(group, name, value.data(), value.size(), H5P_DEFAULT) >= 0, "link '" + path + "'");
  const char *file = nullptr, *target = nullptr;
  unsigned flags = 0;
  const bool made = info.type == H5L_TYPE_SOFT
                        ? H5Lcreate_soft(value.c_str(), to_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT) >= 0
                        : H5Lunpack_elink_val(value.data(), value.size(), &flags, &file, &target) >= 0 &&
                              H5Lcreate_external(file, target, to_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT) >= 0;
  need(made, "link '" + path + "'");
}

void hdf5_copy::object(const std::string& path) {
  const hdf5_handle source(H5Oopen(from_, path.c_str(), H5P_DEFAULT), H5Oclose);
  H5O_info_t info{};
  need(source.valid() && H5Oget_info2(source, &info, H5O_INFO_BASIC) >= 0, "'" + path + "'");
  const auto [known, first] = copied_.emplace(info.addr, path);
  if (!first) {
    need(H5Lcreate_hard(to_, known->second.c_str(), to_, path.c_str(), H5P_DEFAULT, H5P_DEFAULT) >= 0,
         "'" + path + "'");
    return;
  }
  if (info.type == H5O_TYPE_GROUP) {
    const hdf5_handle creation(H5Gget_create_plist(source), H5Pclose);
    const hdf5_handle made(H5Gcreate2(to_, path.c_str(), H5P_DEFAULT, creation, H5P_DEFAULT), H5Gclose);
    need(made.valid(), "group '" + path + "'");
    attributes(source, made, path);
    return members(source, path);
  }
  if (info.type == H5O_TYPE_DATASET) {
    const hdf5_handle type(H5Dget_type(source), H5Tclose);
    if (refers(type))
      throw error(
          fmt::format("{}: dataset '{}' holds references to other objects, which another file cannot hold; need "
                      "a file without them",
                      from_name_, path.substr(1)));
    datasets_.push_back(path);
  }
  if (info.type != H5O_TYPE_DATASET) {
    const hdf5_handle type(H5Tcopy(source), H5Tclose);
    need(H5Tcommit2(to_, path.c_str(), type, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT) >= 0, "type '" + path + "'");
  } else if (!make_(path.substr(1), source)) {
    copy_dataset({source, -1, fmt::format("{}: dataset '{}'", from_name_, path.substr(1)), to_name_, path.substr(1)},
                 to_, path);
  }
  const hdf5_handle made(H5Oopen(to_, path.c_str(), H5P_DEFAULT), H5Oclose);
  need(made.valid(), "'" + path + "'");
  attributes(source, made, path);
}

void hdf5_copy::attributes(hid_t source, hid_t target, const std::string& path) {
  std::vector<std::string> names;
  hsize_t at = 0;
  // By the order of making, which HDF5 knows for some objects only.
  if (H5Aiterate2(source, H5_INDEX_CRT_ORDER, H5_ITER_INC, &at, keep_attribute, &names) < 0) {
    names.clear(), at = 0;
    need(H5Aiterate2(source, H5_INDEX_NAME, H5_ITER_INC, &at, keep_attribute, &names) >= 0,
         "attributes of '" + path + "'");
  }
  for (const std::string& name : names)
    if (name != "DIMENSION_LIST" && name != "REFERENCE_LIST") attribute(source, target, name, path);
}

void hdf5_copy::attribute(hid_t source, hid_t target, const std::string& name, const std::string& path) {
  const std::string what = fmt::format("attribute '{}' of '{}'", name, path);
  const hdf5_handle from(H5Aopen(source, name.c_str(), H5P_DEFAULT), H5Aclose);
  const hdf5_handle type(H5Aget_type(from), H5Tclose);
  need(from.valid() && type.valid(), what);
  if (refers(type))
    throw error(
        fmt::format("{}: {} holds references to other objects, which another file cannot hold; need a file "
                    "without them",
                    from_name_, what));
  need(copy_values_of_attribute(from, target, name), what);
}

// Dimension scales refer to datasets and back, so they are attached once all are there.
void hdf5_copy::attach_scales() {
  for (const std::string& path : datasets_) {
    const hdf5_handle source(H5Dopen2(from_, path.c_str(), H5P_DEFAULT), H5Dclose);
    if (H5DSis_scale(source) > 0) continue;
    const hdf5_handle space(H5Dget_space(source), H5Sclose);
    for (unsigned d = 0; d < static_cast<unsigned>(std::max(H5Sget_simple_extent_ndims(space), 0)); ++d)
      for (const std::string& at : scale_paths(source, d)) {
        const hdf5_handle made(H5Dopen2(to_, path.c_str(), H5P_DEFAULT), H5Dclose),
            scale(H5Dopen2(to_, at.c_str(), H5P_DEFAULT), H5Dclose);
        need(made.valid() && scale.valid() && H5DSattach_scale(made, scale, d) >= 0,
             fmt::format("scale '{}' of '{}'", at, path));
      }
  }
}

hdf5_handle create_like(const std::string& path, hid_t like) {
  const hdf5_handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose), creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
  H5Pset_file_locking(access, false, true);  // atomic_file holds a lock of it
  const hdf5_handle root(H5Gopen2(like, "/", H5P_DEFAULT), H5Gclose), own(H5Gget_create_plist(root), H5Pclose);
  unsigned links = 0, attributes = 0;
  if (H5Pget_link_creation_order(own, &links) >= 0) H5Pset_link_creation_order(creation, links);
  if (H5Pget_attr_creation_order(own, &attributes) >= 0) H5Pset_attr_creation_order(creation, attributes);
  return {H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose};
}

}
