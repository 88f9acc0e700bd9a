// A file of tensors is read, and comes back when it is saved; or it is refused.
#include "fuzz/law.hpp"
#include "fuzz/memory_file.hpp"
#include "noneq/storage/safetensors.hpp"
#include "scratch.hpp"

using namespace noneq::storage;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const testing::scratch folder;
  const testing::memory_file file(testing::text_of(data, size));
  tensor_file content;
  if (!testing::reads(file.name(), [&] { content = load_safetensors(file.name()); })) return 0;
  save_safetensors(folder / "again", content);
  const tensor_file again = load_safetensors(folder / "again");
  testing::need(again.metadata == content.metadata && again.tensors.size() == content.tensors.size(),
                "what is read can be saved");
  for (const auto& [name, tensor] : content.tensors) {
    const noneq::Tensor& same = again.tensors.at(name);
    testing::need(same.sizes() == tensor.sizes() && same.scalar_type() == tensor.scalar_type() &&
                      same.view(-1).view(at::kByte).equal(tensor.view(-1).view(at::kByte)),
                  "tensors come back bit for bit");
  }
  return 0;
}
