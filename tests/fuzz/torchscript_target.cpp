// A file is an archive as torch.jit.save writes it, whole by its checksums, or it is refused before libtorch sees it.
#include "fuzz/law.hpp"
#include "fuzz/memory_file.hpp"
#include "noneq/storage/script_archive.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const testing::memory_file file(testing::text_of(data, size));
  testing::reads(file.name(), [&] { noneq::storage::need_script_archive(file.name()); });
  return 0;
}
