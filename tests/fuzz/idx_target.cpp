// The rows of an IDX file are read, or it is refused.
#include "fuzz/all_rows.hpp"
#include "fuzz/memory_file.hpp"
#include "noneq/storage/detail/row_formats.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const testing::memory_file file(testing::text_of(data, size));
  testing::reads(file.name(), [&] { testing::need_rows_to_the_end(*noneq::storage::open_idx(file.name())); });
  return 0;
}
