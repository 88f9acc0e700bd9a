// IDX, the format of MNIST: two zero bytes, a type, the number of dimensions, their sizes, the numbers; all big-endian.
#include <fmt/format.h>

#include "noneq/storage/detail/row_formats.hpp"

namespace noneq::storage {

static at::ScalarType idx_type(const std::string& file, unsigned char code) {
  switch (code) {
    case 0x08:
      return at::kByte;
    case 0x09:
      return at::kChar;
    case 0x0B:
      return at::kShort;
    case 0x0C:
      return at::kInt;
    case 0x0D:
      return at::kFloat;
    case 0x0E:
      return at::kDouble;
    default:
      throw error(fmt::format("{}: got IDX with numbers of type {:#04x}, need 0x08 … 0x0e", file, code));
  }
}

std::unique_ptr<row_file> open_idx(const std::filesystem::path& file) {
  auto in = std::make_unique<byte_stream>(file);
  unsigned char magic[4];
  in->read(magic, 4);
  const at::ScalarType type = idx_type(in->name(), magic[2]);
  if (magic[3] == 0 || magic[3] > 8)
    throw error(fmt::format("{}: got IDX of {} dimensions, need 1 to 8", in->name(), magic[3]));
  sizes all;
  for (int k = 0; k < magic[3]; ++k) {
    unsigned char n[4];
    in->read(n, 4);
    all.push_back(std::int64_t{n[0]} << 24 | n[1] << 16 | n[2] << 8 | n[3]);
  }
  return std::make_unique<packed_rows>(std::move(in), all[0], sizes(all.begin() + 1, all.end()), type, true);
}

}
