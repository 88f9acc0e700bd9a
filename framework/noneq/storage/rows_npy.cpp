// NumPy's .npy: a magic number, a version, and a header that is a Python dictionary of type, order and shape
// (numpy.lib.format).
#include <map>
#include <regex>

#include <fmt/format.h>

#include "noneq/storage/row_formats.hpp"

namespace noneq {
namespace {

struct npy_type {
  at::ScalarType stored, as;  // unsigned numbers that libtorch lacks become the next wider type
};

const std::map<std::string, npy_type>& npy_types() {
  static const std::map<std::string, npy_type> table{
      {"b1", {at::kBool, at::kBool}},   {"u1", {at::kByte, at::kByte}},    {"i1", {at::kChar, at::kChar}},
      {"i2", {at::kShort, at::kShort}}, {"u2", {at::kShort, at::kInt}},    {"i4", {at::kInt, at::kInt}},
      {"u4", {at::kInt, at::kLong}},    {"i8", {at::kLong, at::kLong}},    {"f2", {at::kHalf, at::kHalf}},
      {"f4", {at::kFloat, at::kFloat}}, {"f8", {at::kDouble, at::kDouble}}};
  return table;
}

class npy_rows : public packed_rows {
 public:
  npy_rows(std::unique_ptr<byte_stream> in, std::int64_t rows, sizes row, const npy_type& type, bool big_endian)
      : packed_rows(std::move(in), rows, std::move(row), type.stored, big_endian) {
    dtype = type.as;
  }
  Tensor next(std::int64_t most) override {
    const Tensor rows = packed_rows::next(most);
    if (dtype == stored_) return rows;
    const std::int64_t mask = stored_ == at::kShort ? 0xffff : 0xffffffff;
    return rows.to(at::kLong).bitwise_and(mask).to(dtype);
  }
};

// What the header says of a key, "" when it does not say it.
std::string field(const std::string& header, const char* key, const char* pattern) {
  std::smatch found;
  return std::regex_search(header, found, std::regex(std::string("'") + key + "':\\s*" + pattern)) ? found[1].str()
                                                                                                   : "";
}

}

std::unique_ptr<row_file> open_npy(const std::filesystem::path& file) {
  auto in = std::make_unique<byte_stream>(file);
  unsigned char start[8], length[4] = {};
  in->read(start, 8);
  in->read(length, start[6] == 1 ? 2 : 4);
  const std::int64_t bytes = length[0] | length[1] << 8 | length[2] << 16 | std::int64_t{length[3]} << 24;
  if (bytes > 1 << 16) throw error(fmt::format("{}: got a header of {} bytes, need .npy", in->name(), bytes));
  std::string header(static_cast<std::size_t>(bytes), '\0');
  in->read(header.data(), bytes);

  const std::string type = field(header, "descr", "'([^']*)'"), shape = field(header, "shape", "\\(([^)]*)\\)");
  const auto known = type.size() == 3 ? npy_types().find(type.substr(1)) : npy_types().end();
  if (known == npy_types().end())
    throw error(fmt::format("{}: got numbers of type '{}', need bool, integers up to int64 or floats up to float64",
                            in->name(), type));
  sizes all;
  for (std::size_t at = 0; at < shape.size(); ++at)
    if (std::isdigit(static_cast<unsigned char>(shape[at]))) {
      std::size_t used = 0;
      all.push_back(std::stoll(shape.substr(at), &used));
      at += used;
    }
  if (all.empty()) throw error(in->name() + ": got a single number, need an array of rows");
  if (field(header, "fortran_order", "(True|False)") == "True" && all.size() > 1)
    throw error(in->name() +
                ": got columns before rows (fortran_order), need numpy.save of numpy.ascontiguousarray(x)");
  return std::make_unique<npy_rows>(std::move(in), all[0], sizes(all.begin() + 1, all.end()), known->second,
                                    type[0] == '>');
}

}
