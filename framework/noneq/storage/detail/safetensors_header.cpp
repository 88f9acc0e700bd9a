#include "noneq/storage/detail/safetensors_header.hpp"

#include <fmt/format.h>

#include "noneq/core/error.hpp"
#include "noneq/storage/json_text.hpp"

namespace noneq::storage {

using nlohmann::json;

static constexpr std::array<std::pair<std::string_view, at::ScalarType>, 10> dtypes{{{"F64", at::kDouble},
                                                                                     {"F32", at::kFloat},
                                                                                     {"F16", at::kHalf},
                                                                                     {"BF16", at::kBFloat16},
                                                                                     {"I64", at::kLong},
                                                                                     {"I32", at::kInt},
                                                                                     {"I16", at::kShort},
                                                                                     {"I8", at::kChar},
                                                                                     {"U8", at::kByte},
                                                                                     {"BOOL", at::kBool}}};

std::string_view dtype_name(at::ScalarType dtype) {
  for (const auto& [name, type] : dtypes)
    if (type == dtype) return name;
  return "";
}

static at::ScalarType dtype_of(const json& value, const std::string& subject) {
  const std::string text = value.is_string() ? value.get<std::string>() : "";
  for (const auto& [name, type] : dtypes)
    if (name == text) return type;
  throw error(
      fmt::format("{} got dtype {}, need F64 F32 F16 BF16 I64 I32 I16 I8 U8 or BOOL", subject, in_quotes(text)));
}

static std::vector<std::int64_t> counts(const json& value, const std::string& subject, const char* field) {
  std::vector<std::int64_t> numbers;
  bool good = value.is_array();
  for (const json& item : good ? value : json::array()) {
    good = good && item.is_number_unsigned() && item.get<std::uint64_t>() <= INT64_MAX;
    if (good) numbers.push_back(item.get<std::int64_t>());
  }
  if (!good) throw error(fmt::format("{} got a damaged {}, need a list of whole numbers from 0", subject, field));
  return numbers;
}

static std::int64_t bytes_of(const tensor_entry& entry, const std::string& subject) {
  auto bytes = static_cast<std::int64_t>(c10::elementSize(entry.dtype));
  bool fits = entry.shape.size() <= 64;
  // Strides are products too, so the other dimensions must fit even when one is zero.
  for (const std::int64_t n : entry.shape) fits = fits && (n == 0 || !__builtin_mul_overflow(bytes, n, &bytes));
  if (!fits) throw error(fmt::format("{} got shape {}, need less than 2^63 bytes", subject, to_string(entry.shape)));
  return std::count(entry.shape.begin(), entry.shape.end(), 0) ? 0 : bytes;
}

static tensor_entry parse_entry(const std::string& name, const json& value, const std::string& subject,
                                std::int64_t data_bytes) {
  for (const char* field : {"dtype", "shape", "data_offsets"})
    if (!value.is_object() || !value.contains(field))
      throw error(fmt::format("{} has no '{}', need dtype, shape and data_offsets", subject, field));
  tensor_entry entry{name, dtype_of(value["dtype"], subject), counts(value["shape"], subject, "shape")};
  const auto offsets = counts(value["data_offsets"], subject, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    throw error(fmt::format("{} got data_offsets {}, need [begin, end]", subject, to_string(offsets)));
  entry.begin = offsets[0], entry.end = offsets[1];
  if (entry.end > data_bytes)
    throw error(
        fmt::format("{} ends at byte {} of {}, need a whole file: copy it again", subject, entry.end, data_bytes));
  const std::int64_t need = bytes_of(entry, subject);
  if (entry.end - entry.begin != need)
    throw error(fmt::format("{} got {} bytes, need {} for {} of shape {}", subject, entry.end - entry.begin, need,
                            dtype_name(entry.dtype), to_string(entry.shape)));
  return entry;
}

static void check_cover(const std::vector<tensor_entry>& entries, const std::string& where, std::int64_t data_bytes) {
  std::int64_t end = 0;
  for (const tensor_entry& entry : entries) {
    if (entry.begin != end)
      throw error(fmt::format("{}: tensor {} begins at byte {}, need {}: the tensors {}", where, in_quotes(entry.name),
                              entry.begin, end, entry.begin < end ? "overlap" : "leave a hole"));
    end = entry.end;
  }
  if (end != data_bytes)
    throw error(fmt::format("{}: got {} bytes of data, need {}: the file has bytes that no tensor owns", where,
                            data_bytes, end));
}

safetensors_header parse_header(std::string_view text, const std::string& where, std::int64_t data_bytes) {
  const json header = parse_json(text, where);
  if (!header.is_object()) throw error(where + ": got a header of another kind, need a safetensors file");
  safetensors_header parsed;
  for (const auto& [name, value] : header.items()) {
    if (name != "__metadata__") {
      parsed.entries.push_back(
          parse_entry(name, value, fmt::format("{}: tensor {}", where, in_quotes(name)), data_bytes));
      continue;
    }
    if (!value.is_object()) throw error(where + ": got damaged __metadata__, need an object of strings");
    for (const auto& [key, item] : value.items()) {
      if (!item.is_string()) throw error(fmt::format("{}: got metadata {} that is no string", where, in_quotes(key)));
      parsed.metadata.emplace(key, item.get<std::string>());
    }
  }
  std::sort(parsed.entries.begin(), parsed.entries.end(),
            [](const auto& a, const auto& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  check_cover(parsed.entries, where, data_bytes);
  return parsed;
}

}
