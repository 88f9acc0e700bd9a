#include <cstring>

#include <fmt/format.h>
#include <hdf5.h>

#include "noneq/storage/hdf5_file.hpp"

namespace noneq {

static std::optional<std::string> variable_string(hid_t attribute, hid_t stored) {
  const hdf5_handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(memory, H5T_VARIABLE);
  H5Tset_cset(memory, H5Tget_cset(stored));
  char* text = nullptr;
  if (H5Aread(attribute, memory, &text) < 0) return {};
  std::string copy = text ? text : "";
  H5free_memory(text);
  return copy;
}

static std::optional<std::string> fixed_string(hid_t attribute, hid_t stored) {
  std::string text(H5Tget_size(stored), '\0');
  if (H5Aread(attribute, stored, text.data()) < 0) return {};
  if (H5Tget_strpad(stored) == H5T_STR_SPACEPAD) text.erase(text.find_last_not_of(' ') + 1);
  text.resize(std::strlen(text.c_str()));
  return text;
}

template <typename Number>
static std::optional<std::string> number(hid_t attribute, hid_t memory) {
  Number value{};
  if (H5Aread(attribute, memory, &value) < 0) return {};
  return fmt::format("{}", value);
}

static std::optional<std::string> as_text(hid_t attribute) {
  const hdf5_handle stored(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
  if (H5Sget_simple_extent_npoints(space) != 1) return {};
  if (H5Tget_class(stored) == H5T_STRING)
    return H5Tis_variable_str(stored) > 0 ? variable_string(attribute, stored) : fixed_string(attribute, stored);
  const auto type = number_type_of(stored);
  if (!type) return {};
  if (type->dtype == at::kBool) {
    std::int8_t value = 0;
    if (H5Aread(attribute, type->memory, &value) < 0) return {};
    return value ? "true" : "false";
  }
  if (type->unsigned_64) return number<std::uint64_t>(attribute, H5T_NATIVE_UINT64);
  if (type->dtype == at::kDouble) return number<double>(attribute, H5T_NATIVE_DOUBLE);
  if (c10::isFloatingType(type->dtype)) return number<float>(attribute, H5T_NATIVE_FLOAT);
  return number<std::int64_t>(attribute, H5T_NATIVE_INT64);
}

std::map<std::string, std::string> hdf5_reader::attributes(const std::string& object) const {
  const hdf5_lock lock;
  const hdf5_handle id = file_->object(object);
  H5O_info_t info{};
  if (H5Oget_info2(id, &info, H5O_INFO_NUM_ATTRS) < 0)
    throw hdf5_error(file_->name, fmt::format("object '{}' is damaged", object), ": copy the file again");
  std::map<std::string, std::string> found;
  for (hsize_t i = 0; i < info.num_attrs; ++i) {
    const hdf5_handle attribute(H5Aopen_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT),
                                H5Aclose);
    if (!attribute.valid())
      throw hdf5_error(file_->name, fmt::format("an attribute of '{}' is damaged", object), ": copy the file again");
    std::string name(static_cast<std::size_t>(std::max<ssize_t>(H5Aget_name(attribute, 0, nullptr), 0)) + 1, '\0');
    H5Aget_name(attribute, name.size(), name.data());
    name.pop_back();
    if (auto text = as_text(attribute)) found.emplace(std::move(name), std::move(*text));
  }
  return found;
}

}
