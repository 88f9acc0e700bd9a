// The bytes stand as checkpoint.json in a folder with whole tensors. The checkpoint is read, or its file is named.
#include <fstream>

#include "fuzz/law.hpp"
#include "noneq/storage/checkpoint.hpp"
#include "scratch.hpp"

using namespace noneq::storage;

namespace {

struct checkpoint_folder : testing::scratch {
  checkpoint_folder() { save_checkpoint(folder(), {{{"w", at::arange(6, at::kFloat)}}, {{"step", 3}}}); }
};

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const checkpoint_folder dir;
  std::ofstream(dir / "checkpoint.json", std::ios::binary) << testing::text_of(data, size);
  const std::string where = dir.folder().string();
  const bool has_head = testing::reads(where, [&] { load_checkpoint_head(dir.folder()); });
  const bool whole = testing::reads(where, [&] { load_checkpoint(dir.folder()); });
  testing::need(has_head || !whole, "a checkpoint that is read has a head that is read");
  return 0;
}
