#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hdf5.h>

#include "noneq/storage/detail/hdf5_file.hpp"
#include "noneq/storage/detail/hdf5_probe.hpp"

namespace noneq::storage {

using texts = std::vector<std::string>;

static std::optional<texts> variable_strings(hid_t attribute, hid_t stored, std::size_t count) {
  const hdf5_handle memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(memory, H5T_VARIABLE);
  H5Tset_cset(memory, H5Tget_cset(stored));
  std::vector<char*> read(count, nullptr);
  const bool good = H5Aread(attribute, memory, read.data()) >= 0;
  texts all;
  for (char* text : read) {
    all.emplace_back(good && text ? text : "");
    H5free_memory(text);
  }
  return good ? std::optional(all) : std::nullopt;
}

static std::optional<texts> fixed_strings(hid_t attribute, hid_t stored, std::size_t count) {
  const std::size_t size = H5Tget_size(stored);
  std::string bytes(size * count, '\0');
  if (H5Aread(attribute, stored, bytes.data()) < 0) return {};
  texts all;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = bytes.substr(i * size, size);
    if (H5Tget_strpad(stored) == H5T_STR_SPACEPAD) text.erase(text.find_last_not_of(' ') + 1);
    text.resize(std::strlen(text.c_str()));
    all.push_back(std::move(text));
  }
  return all;
}

template <typename Number>
static std::optional<texts> numbers(hid_t attribute, hid_t memory, std::size_t count, bool boolean = false) {
  std::vector<Number> read(count);
  if (H5Aread(attribute, memory, read.data()) < 0) return {};
  texts all;
  for (const Number x : read) all.push_back(boolean ? (x != Number{} ? "true" : "false") : fmt::format("{}", x));
  return all;
}

static std::optional<texts> values_of(hid_t attribute, hid_t stored, std::size_t count) {
  if (H5Tget_class(stored) == H5T_STRING)
    return H5Tis_variable_str(stored) > 0 ? variable_strings(attribute, stored, count)
                                          : fixed_strings(attribute, stored, count);
  const auto type = number_type_of(stored);
  if (!type) return {};
  if (type->dtype == at::kBool) return numbers<std::int8_t>(attribute, type->memory, count, true);
  if (type->unsigned_64) return numbers<std::uint64_t>(attribute, H5T_NATIVE_UINT64, count);
  if (type->dtype == at::kDouble) return numbers<double>(attribute, H5T_NATIVE_DOUBLE, count);
  if (c10::isFloatingType(type->dtype)) return numbers<float>(attribute, H5T_NATIVE_FLOAT, count);
  return numbers<std::int64_t>(attribute, H5T_NATIVE_INT64, count);
}

static std::optional<std::string> as_text(hid_t attribute, std::int64_t file_bytes) {
  constexpr std::size_t most_shown = 16;
  const hdf5_handle stored(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
  if (!stored.valid() || !space.valid()) return {};
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  // Values lie in the file: more of them than it has bytes are a damaged header's.
  if (count < 1 ||
      static_cast<double>(count) * static_cast<double>(H5Tget_size(stored)) > static_cast<double>(file_bytes))
    return {};
  auto all = values_of(attribute, stored, static_cast<std::size_t>(count));
  if (!all) return {};
  if (all->size() == 1) return all->front();
  if (all->size() > most_shown) all->resize(most_shown);
  return fmt::format("[{}{}]", fmt::join(*all, ", "),
                     static_cast<std::size_t>(count) > most_shown ? fmt::format(", … {} in all", count) : "");
}

static std::map<std::string, std::string> attributes_of(const hdf5_file& file, const std::string& object) {
  const hdf5_handle id = file.object(object);
  H5O_info_t info{};
  if (H5Oget_info2(id, &info, H5O_INFO_NUM_ATTRS) < 0)
    throw hdf5_error(file.name, fmt::format("object '{}' is damaged", object), ": copy the file again");
  const std::int64_t file_bytes = held(file).bytes;
  std::map<std::string, std::string> found;
  for (hsize_t i = 0; i < info.num_attrs; ++i) {
    const hdf5_handle attribute(H5Aopen_by_idx(id, ".", H5_INDEX_NAME, H5_ITER_INC, i, H5P_DEFAULT, H5P_DEFAULT),
                                H5Aclose);
    if (!attribute.valid())
      throw hdf5_error(file.name, fmt::format("an attribute of '{}' is damaged", object), ": copy the file again");
    std::string name(static_cast<std::size_t>(std::max<ssize_t>(H5Aget_name(attribute, 0, nullptr), 0)) + 1, '\0');
    H5Aget_name(attribute, name.size(), name.data());
    name.pop_back();
    if (auto text = as_text(attribute, file_bytes)) found.emplace(std::move(name), std::move(*text));
  }
  return found;
}

std::map<std::string, std::string> hdf5_reader::attributes(const std::string& object) const {
  const hdf5_lock lock;
  need_survival(fmt::format("{}: object '{}'", file_->name, object), file_->name,
                [&] { attributes_of(*file_, object); });
  return attributes_of(*file_, object);
}

}
