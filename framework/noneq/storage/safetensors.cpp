#include "noneq/storage/safetensors.hpp"

#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "noneq/core/dtype.hpp"
#include "noneq/storage/detail/safetensors_header.hpp"
#include "noneq/storage/json_text.hpp"

namespace noneq::storage {

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian, and so must be the machine");

static constexpr std::uint64_t longest_header = 100'000'000;  // the format's own bound

static Tensor read_tensor(const input_file& file, std::int64_t data, const tensor_entry& entry,
                          const std::string& where) {
  Tensor tensor;
  try {
    tensor = at::empty(entry.shape, entry.dtype);
  } catch (const std::exception&) {  // torch and the standard library each have their own
    throw error(fmt::format("{}: tensor {} needs {} bytes: no memory for it", where, in_quotes(entry.name),
                            entry.end - entry.begin));
  }
  if (tensor.numel() == 0) return tensor;
  file.read(data + entry.begin, tensor.data_ptr(), entry.end - entry.begin);
  if (entry.dtype == at::kBool && tensor.view(at::kByte).max().item<int>() > 1)
    throw error(fmt::format("{}: tensor {} got a byte above 1, need 0 or 1 in BOOL", where, in_quotes(entry.name)));
  return tensor;
}

tensor_file load_safetensors(const std::filesystem::path& path) { return load_safetensors(input_file(path)); }

tensor_file load_safetensors(const input_file& file) {
  const std::string where = file.path().string();
  if (file.size() < 8)
    throw error(
        fmt::format("{}: got {} bytes, need a safetensors file (8 at least): copy it again", where, file.size()));
  std::uint64_t length = 0;
  file.read(0, &length, 8);
  if (length > longest_header || length > static_cast<std::uint64_t>(file.size()) - 8)
    throw error(
        fmt::format("{}: got a header of {} bytes in a file of {}, need a whole safetensors file: copy it again", where,
                    length, file.size()));
  std::string text(length, '\0');
  file.read(8, text.data(), static_cast<std::int64_t>(length));
  const std::int64_t data = 8 + static_cast<std::int64_t>(length);
  const safetensors_header header = parse_header(text, where, file.size() - data);
  tensor_file content{{}, header.metadata};
  for (const tensor_entry& entry : header.entries)
    content.tensors.emplace(entry.name, read_tensor(file, data, entry, where));
  return content;
}

// Wide dtypes first, as the reference writer does: every tensor is then aligned to its element.
static std::vector<std::pair<std::string, Tensor>> in_order(const tensor_file& content, const std::string& where) {
  std::vector<std::pair<std::string, Tensor>> ordered;
  for (const auto& [name, tensor] : content.tensors) {
    const std::string subject = fmt::format("{}: tensor {}", where, in_quotes(name));
    if (name == "__metadata__") throw error(subject + " got a reserved name, need another");
    if (!tensor.defined()) throw error(subject + " is undefined, need values");
    if (dtype_name(tensor.scalar_type()).empty())
      throw error(fmt::format("{} got dtype {}, which safetensors lacks: convert it", subject,
                              dtype_text(tensor.scalar_type())));
    ordered.emplace_back(name, tensor.detach());
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const auto& a, const auto& b) { return a.second.element_size() > b.second.element_size(); });
  return ordered;
}

void save_safetensors(const std::filesystem::path& path, const tensor_file& content) {
  atomic_file file(path);
  write_safetensors(file, path.string(), content);
  file.commit();
}

void write_safetensors(atomic_file& file, const std::string& where, const tensor_file& content) {
  const auto ordered = in_order(content, where);
  nlohmann::json header = nlohmann::json::object();
  if (!content.metadata.empty()) header["__metadata__"] = content.metadata;
  std::size_t end = 0;
  for (const auto& [name, tensor] : ordered) {
    const std::size_t begin = end;
    end += static_cast<std::size_t>(tensor.numel()) * tensor.element_size();
    header[name] = {
        {"dtype", dtype_name(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}, {"data_offsets", {begin, end}}};
  }
  std::string text = json_text(header, where);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();

  file.write({reinterpret_cast<const char*>(&length), 8});
  file.write(text);
  for (const auto& [name, tensor] : ordered) {
    const Tensor plain = tensor.to(at::kCPU).contiguous();
    file.write(
        {static_cast<const char*>(plain.data_ptr()), static_cast<std::size_t>(plain.numel()) * plain.element_size()});
  }
}

}
