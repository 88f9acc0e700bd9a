// NumPy's .npy: a magic number, a version, and a header that is a Python dictionary of type, order and shape
// (numpy.lib.format).
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "noneq/storage/detail/row_formats.hpp"
#include "noneq/storage/json_text.hpp"

namespace noneq::storage {
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

// The header's content, a Python dictionary such as {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class npy_header {
 public:
  std::string type;
  bool columns_first = false;
  sizes shape;

  npy_header(const std::string& file, std::string_view text) : file_(file), left_(text) {
    need('{');
    std::size_t known = 0;
    while (!take('}')) {
      const std::string key = quoted();
      need(':');
      if (key == "descr")
        type = descr();
      else if (key == "fortran_order")
        columns_first = boolean();
      else if (key == "shape")
        shape = tuple();
      else
        damaged();
      ++known;
      if (!take(',')) {
        need('}');
        break;
      }
    }
    if (known != 3 || type.empty()) damaged();
  }

 private:
  [[noreturn]] void damaged() const {
    throw error(file_ + ": got a damaged header, need .npy as numpy.save writes it: copy it again");
  }

  bool take(char c) {
    left_.remove_prefix(std::min(left_.find_first_not_of(" \n"), left_.size()));
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  void need(char c) {
    if (!take(c)) damaged();
  }

  std::string quoted() {
    const char quote = take('\'') ? '\'' : '"';
    if (quote == '"') need('"');
    const auto end = left_.find(quote);
    if (end == left_.npos) damaged();
    const std::string text(left_.substr(0, end));
    left_.remove_prefix(end + 1);
    return text;
  }

  std::string descr() {
    if (take('['))
      throw error(file_ + ": got records of several fields, need an array of numbers: save each field alone");
    return quoted();
  }

  bool boolean() {
    take(' ');
    for (const std::string_view word : {"True", "False"})
      if (left_.starts_with(word)) {
        left_.remove_prefix(word.size());
        return word == "True";
      }
    damaged();
  }

  sizes tuple() {
    need('(');
    sizes all;
    while (!take(')')) {
      std::int64_t n = 0;
      const auto [end, failed] = std::from_chars(left_.data(), left_.data() + left_.size(), n);
      if (failed != std::errc{} || n < 0 || all.size() == 64) damaged();
      left_.remove_prefix(static_cast<std::size_t>(end - left_.data()));
      take('L');  // Python 2 marked long integers
      all.push_back(n);
      if (!take(',')) {
        need(')');
        break;
      }
    }
    return all;
  }

  const std::string& file_;
  std::string_view left_;
};

}

std::unique_ptr<row_file> open_npy(const std::filesystem::path& file) {
  auto in = std::make_unique<byte_stream>(file);
  unsigned char start[8], length[4] = {};
  in->read(start, 8);
  if (start[6] < 1 || start[6] > 3)
    throw error(fmt::format("{}: got version {} of .npy, need 1, 2 or 3", in->name(), start[6]));
  in->read(length, start[6] == 1 ? 2 : 4);
  const std::int64_t bytes = length[0] | length[1] << 8 | length[2] << 16 | std::int64_t{length[3]} << 24;
  if (bytes > 1 << 16) throw error(fmt::format("{}: got a header of {} bytes, need .npy", in->name(), bytes));
  std::string text(static_cast<std::size_t>(bytes), '\0');
  in->read(text.data(), bytes);
  const npy_header header(in->name(), text);

  const auto known = header.type.size() == 3 && std::string_view("<>|=").find(header.type[0]) != std::string_view::npos
                         ? npy_types().find(header.type.substr(1))
                         : npy_types().end();
  if (known == npy_types().end())
    throw error(fmt::format("{}: got numbers of type {}, need bool, integers up to int64 or floats up to float64",
                            in->name(), in_quotes(header.type)));
  const sizes& all = header.shape;
  if (all.empty()) throw error(in->name() + ": got a single number, need an array of rows");
  if (header.columns_first && all.size() > 1)
    throw error(in->name() +
                ": got columns before rows (fortran_order), need numpy.save of numpy.ascontiguousarray(x)");
  return std::make_unique<npy_rows>(std::move(in), all[0], sizes(all.begin() + 1, all.end()), known->second,
                                    header.type[0] == '>');
}

}
