// The config.json of a diffusers folder is read, or everything in it that is not honoured is refused by name.
#include "../../plugins/models/unet/config.hpp"
#include "fuzz/law.hpp"
#include "fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const testing::memory_file file(testing::text_of(data, size));
  testing::reads(file.name(), [&] {
    const auto net = shipped::unet::read_config(file.name()).net;
    testing::need(!net.levels.empty() && net.in_channels > 0 && net.out_channels > 0, "a network has sizes");
  });
  return 0;
}
