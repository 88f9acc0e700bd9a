// The rows of a CSV file are read, or it is refused when it is opened: its first reading finds all errors.
#include "fuzz/all_rows.hpp"
#include "fuzz/memory_file.hpp"
#include "noneq/storage/detail/row_formats.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const testing::memory_file file(testing::text_of(data, size));
  std::unique_ptr<noneq::storage::row_file> rows;
  if (testing::reads(file.name(), [&] { rows = noneq::storage::open_csv(file.name(), {}); }))
    testing::need_rows_to_the_end(*rows);
  return 0;
}
