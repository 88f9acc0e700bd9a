// The bytes stand in the journal of a file. Whatever they are, it lists units in order that lie within the file.
#include <filesystem>
#include <fstream>

#include "fuzz/law.hpp"
#include "noneq/storage/unit_journal.hpp"
#include "scratch.hpp"

using namespace noneq::storage;

namespace {

constexpr std::int64_t file_bytes = 4096;

struct journaled_file : testing::scratch {
  std::filesystem::path path = *this / "a.h5";
  journaled_file() {
    std::ofstream(path, std::ios::binary).put('\0');
    std::filesystem::resize_file(path, file_bytes);
  }
};

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const journaled_file file;
  std::ofstream(journal_of(file.path), std::ios::binary) << testing::text_of(data, size);
  is_closed(file.path);
  std::int64_t after = -1;
  for (const stored_unit& u : read_journal(file.path)) {
    testing::need(u.first > after && u.rows > 0 && u.first <= INT64_MAX - u.rows, "units follow one another");
    after = u.first;
    for (const auto& [_, chunks] : u.chunks)
      for (const stored_chunk& c : chunks)
        testing::need(c.offset >= 0 && c.bytes >= 0 && c.offset <= file_bytes && c.bytes <= file_bytes - c.offset,
                      "chunks lie within the file");
    testing::need(u.bytes() >= 0, "a unit has bytes");
  }
  return 0;
}
