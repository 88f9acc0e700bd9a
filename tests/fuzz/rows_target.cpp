// The first bytes of a file decide its format, and its rows are read, or it is refused.
#include "fuzz/all_rows.hpp"
#include "fuzz/memory_file.hpp"

using namespace noneq::storage;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const testing::memory_file file(testing::text_of(data, size));
  testing::reads(file.name(), [&] { testing::need(times_read(file.name()) > 0, "a file is read"); });
  testing::reads(file.name(), [&] { testing::need_rows_to_the_end(*open_rows(file.name())); });
  return 0;
}
