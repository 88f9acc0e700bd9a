#include "noneq/laws/detail/some_data.hpp"

#include <limits>

#include "noneq/laws/detail/compare.hpp"

namespace noneq::laws {
namespace {

constexpr std::int64_t count = 24, classes = 3;

some_data kind(const std::string& name, const Tensor& x0) {
  some_data d{name, {}, {0, 0, {{"x0", x0}, {"row", at::arange(count, at::kLong)}}}};
  d.info.shape = x0.sizes().slice(1).vec();
  d.info.numbers = x0.scalar_type();
  d.info.count = d.info.measured = count;
  d.info.parts = {{"train", count}};
  d.info.found = {x0.to(at::kDouble).nan_to_num().min().item<double>(),
                  x0.to(at::kDouble).nan_to_num().max().item<double>()};
  return d;
}

some_data with_labels(some_data d) {
  d.info.classes = classes;
  d.rows.set("label", at::arange(count, at::kLong).remainder(classes));
  return d;
}

}

std::vector<some_data> all_kinds_of_data() {
  const stream s(31);
  const auto uniform = [&](const char* name, const sizes& shape) { return s.fork(name).uniform(shape); };
  some_data pictures = with_labels(kind("pictures of bytes", (uniform("a", {count, 1, 8, 8}) * 256).to(at::kByte)));
  pictures.info.range = {0, 255};
  pictures.info.bin_width = 1;
  const some_data channels = kind("positive numbers of two channels", 0.1 + 0.8 * uniform("b", {count, 2, 8, 8}));
  const some_data vectors = with_labels(kind("vectors", s.fork("c").normal({count, 6})));
  const some_data integers = kind("integers from 0 to 2", (uniform("d", {count, 4}) * 3).to(at::kLong));
  const Tensor category = (uniform("e", {count, 1, 5}) * 3).to(at::kLong);
  const some_data one_hot = kind("one-hot categories", at::zeros({count, 3, 5}).scatter_(1, category, 1));
  some_data missing = kind("numbers of which some are missing",
                           channels.rows.at("x0").masked_fill(uniform("f", {count, 2, 8, 8}).lt(0.1),
                                                              std::numeric_limits<float>::quiet_NaN()));
  missing.info.missing = true;
  return {pictures, channels, vectors, integers, one_hot, missing};
}

Tensor named_rows(const std::string& name, const Tensor& numbers) {
  const Tensor row = at::arange(numbers.size(0), at::kLong);
  return name == "label" ? row.remainder(classes) : name == "row" ? row : numbers;
}

std::vector<batch> in_blocks(const batch& rows, std::int64_t size) {
  std::vector<batch> all;
  for (std::int64_t begin = 0; begin < rows.size(); begin += size) {
    all.push_back(rows.rows(begin, std::min(begin + size, rows.size())));
    all.back().step = begin / size;
  }
  return all;
}

batch joined(const std::vector<batch>& parts) {
  batch all = parts.front();
  for (auto& [name, tensor] : all.tensors) {
    std::vector<Tensor> each;
    for (const batch& b : parts) each.push_back(b.at(name));
    tensor = at::cat(each);
  }
  return all;
}

void need_same_batch(const std::string& what, const batch& got, const batch& wanted, double relative) {
  for (const auto& [name, tensor] : wanted.tensors) {
    const std::string tensor_of = "'" + name + "', " + what;
    if (relative > 0 && tensor.is_floating_point() && got.has(name))
      need_close(tensor_of, got.at(name), tensor, relative, relative);
    else
      need_equal(tensor_of, got.find(name), tensor);
  }
  for (const auto& [name, tensor] : got.tensors) need(wanted.has(name), "'" + name + "', " + what, "a tensor", "none");
}

}
