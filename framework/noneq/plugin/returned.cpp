#include "noneq/plugin/returned.hpp"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/core/dtype.hpp"
#include "noneq/plugin/roles/weighting.hpp"

namespace noneq {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  std::vector<std::string> each;
  for (const std::int64_t n : shape) each.push_back(n < 0 ? "any" : std::to_string(n));
  return fmt::format("[{}]", fmt::join(each, ", "));
}

bool fits(at::IntArrayRef got, at::IntArrayRef need) {
  return got.size() == need.size() &&
         std::equal(got.begin(), got.end(), need.begin(), [](auto g, auto n) { return n < 0 || g == n; });
}

sizes rows_of(std::int64_t n, const sizes& sample) {
  sizes shape{n};
  shape.insert(shape.end(), sample.begin(), sample.end());
  return shape;
}

// The first number, in steps of `stride`, for which bad() holds.
template <class T, class Bad>
std::optional<double> first_bad(const Tensor& x, std::int64_t stride, const Bad& bad) {
  const T* numbers = x.data_ptr<T>();
  for (std::int64_t i = 0; i < x.numel(); i += stride)
    if (const auto number = static_cast<double>(numbers[i]); bad(number)) return number;
  return std::nullopt;
}

template <class Bad>
std::optional<double> first_bad(const Tensor& got, std::int64_t looked_at, const Bad& bad) {
  if (got.numel() == 0) return std::nullopt;
  const Tensor x = got.detach().contiguous();
  const std::int64_t stride = std::max<std::int64_t>(1, x.numel() / looked_at);
  if (x.scalar_type() == at::kFloat) return first_bad<float>(x, stride, bad);
  if (x.scalar_type() == at::kDouble) return first_bad<double>(x, stride, bad);
  if (x.scalar_type() == at::kLong) return first_bad<std::int64_t>(x, stride, bad);
  return first_bad<double>(x.to(at::kDouble), stride, bad);
}

// Throws unless all numbers of a short tensor lie in [low, high].
void need_between(const std::string& by, const std::string& name, const Tensor& got, double low, double high) {
  if (const auto bad = first_bad(got, got.numel(), [&](double x) { return !(x >= low && x <= high); }))
    throw error(fmt::format("{} returned '{}' with {}, need values in [{}, {}]", by, name, *bad, low, high));
}

void need_gradient(const std::string& by, const std::string& name, const Tensor& got) {
  if (!got.requires_grad())
    throw error(fmt::format("{} returned '{}' without a gradient (detached?), need one that reaches what is trained",
                            by, name));
}

}

void need_tensor(const std::string& by, const std::string& name, const Tensor& got, at::IntArrayRef shape,
                 std::initializer_list<at::ScalarType> types) {
  if (!got.defined()) throw error(fmt::format("{} returned no '{}' (an undefined tensor), need one", by, name));
  if (!fits(got.sizes(), shape))
    throw error(
        fmt::format("{} returned '{}' of shape {}, need {}", by, name, shape_text(got.sizes()), shape_text(shape)));
  if (std::find(types.begin(), types.end(), got.scalar_type()) == types.end()) {
    std::vector<std::string> each;
    for (const at::ScalarType type : types) each.push_back(dtype_text(type));
    throw error(fmt::format("{} returned '{}' of type {}, need {}", by, name, dtype_text(got.scalar_type()),
                            fmt::join(each, " or ")));
  }
}

void need_finite(const std::string& by, const std::string& name, const Tensor& got) {
  constexpr std::int64_t looked_at = 64;
  if (const auto bad = first_bad(got, looked_at, [](double x) { return !std::isfinite(x); }))
    throw error(fmt::format("{} returned '{}' with {}, need finite numbers", by, name, *bad));
}

void check_returned_info(const std::string& by, const dataset_info& info) {
  const auto wrong = [&](const std::string& what) { throw error(fmt::format("{} says of its data: {}", by, what)); };
  for (const auto& [name, f] : info.fields)
    if (!f.shape.empty() && *std::min_element(f.shape.begin(), f.shape.end()) < 1)
      wrong(fmt::format("rows of '{}' of shape {}, need none that is empty", name, shape_text(f.shape)));
  if (!info.has_x0) {
    if (info.fields.empty()) wrong("neither x0 nor another tensor, need one");
    return;
  }
  if (info.shape.empty() || *std::min_element(info.shape.begin(), info.shape.end()) < 1)
    wrong(fmt::format("samples of shape {}, need at least one dimension, and none that is empty",
                      shape_text(info.shape)));
  if (info.classes < 0) wrong(fmt::format("{} classes, need 0 or more", info.classes));
  if (!info.range.empty() && (info.range.size() != 2 || !(info.range[0] < info.range[1])))
    wrong(fmt::format("a range of [{}], need none, or two numbers, the lower one first", fmt::join(info.range, ", ")));
  for (const auto& [name, t] : {std::pair{"shift", info.normal.shift}, std::pair{"scale", info.normal.scale}}) {
    if (!t.defined() || !t.is_floating_point() || !at::is_expandable_to(t.sizes(), info.shape))
      wrong(fmt::format("a {} {}, need floating-point numbers that broadcast to a sample {}", name,
                        t.defined() ? shape_text(t.sizes()) : "that is undefined", shape_text(info.shape)));
    need_finite(by, name, t);
  }
  if (first_bad(info.normal.scale, info.normal.scale.numel(), [](double x) { return x == 0; }))
    wrong("a scale of 0, need another number");
}

void check_returned_data(const std::string& by, const batch& b, const dataset_info& info) {
  check_returned_batch(by, b);
  static const std::initializer_list<at::ScalarType> any_type = {at::kFloat, at::kDouble, at::kHalf,  at::kBFloat16,
                                                                 at::kByte,  at::kChar,   at::kShort, at::kInt,
                                                                 at::kLong,  at::kBool};
  const auto check = [&](const std::string& name, const sizes& shape, bool missing) {
    const Tensor x = b.find(name);
    need_tensor(by, name, x, rows_of(-1, shape), any_type);
    if (missing || x.size(0) == 0) return;                                     // past the end of the data
    if (x.is_floating_point() && x.is_contiguous()) need_finite(by, name, x);  // others would be copied for it
  };
  if (info.has_x0) check("x0", info.shape, info.missing);
  for (const auto& [name, f] : info.fields)
    if (b.has(name)) check(name, f.shape, f.missing);
  const std::string of = info.has_x0 ? "x0" : b.tensors.empty() ? "" : b.tensors.begin()->first;
  const std::int64_t rows = of.empty() ? 0 : b.at(of).size(0);
  if (rows == 0) return;
  if (b.has("label")) {
    need_tensor(by, "label", b.at("label"), {rows}, {at::kLong});
    if (info.classes > 0) need_between(by, "label", b.at("label"), 0, static_cast<double>(info.classes - 1));
  }
  if (info.classes > 0) need_tensor(by, "label", b.find("label"), {rows}, {at::kLong});
  for (const auto& [name, t] : b.tensors)
    if (t.dim() == 0 || t.size(0) != rows)
      throw error(fmt::format("{} returned '{}' of shape {}, need {} rows, as '{}' has", by, name,
                              shape_text(t.sizes()), rows, of));
}

void check_returned_times(const std::string& by, const batch& b, const process& p) {
  const std::int64_t n = b.at("x0").size(0);
  need_tensor(by, "t", b.find("t"), {n}, {p.tables.continuous() ? at::kDouble : at::kLong});
  need_between(by, "t", b.at("t"), 0, static_cast<double>(p.steps() - 1));
  need_tensor(by, "weight", b.find("weight"), {n}, {at::kFloat});
  need_finite(by, "weight", b.at("weight"));
  if (const Tensor noise = b.find("noise"); !noise.defined() || noise.dim() == 0 || noise.size(0) != n)
    throw error(fmt::format("{} returned 'noise' of {}, need {} rows", by,
                            noise.defined() ? "shape " + shape_text(noise.sizes()) : "no shape (undefined)", n));
}

void check_returned_states(const std::string& by, const batch& b) {
  need_tensor(by, "xt", b.find("xt"), b.at("x0").sizes(), {at::kFloat});
  need_finite(by, "xt", b.at("xt"));
}

void check_returned_output(const std::string& by, const Tensor& output, const Tensor& x, std::int64_t outputs,
                           bool trained) {
  sizes shape = x.sizes().vec();
  shape[1] *= outputs;
  need_tensor(by, "output", output, shape, {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16});
  if (trained) need_gradient(by, "output", output);
}

void check_returned_losses(const std::string& by, const Tensor& per_sample, std::int64_t n) {
  need_tensor(by, "loss", per_sample, {n}, {at::kFloat, at::kDouble});
  need_gradient(by, "loss", per_sample);
}

void check_returned_weights(const std::string& by, const weighting& w, const tables& t) {
  const std::int64_t last = t.steps() - 1;
  Tensor index = at::tensor({std::int64_t{0}, last / 2, last}, at::kLong);
  if (t.continuous()) index = index.to(at::kDouble);
  // Samples of two dimensions of two numbers: a weight a sample must stand before each of them.
  const Tensor weight = w.weight(coefficients_at(t, index, at::zeros({3, 2, 2})));
  need_tensor(by, "weight", weight, {3, 1, 1}, {at::kFloat, at::kDouble});
  need_finite(by, "weight", weight);
}

void check_returned_beta(const Tensor& beta, std::int64_t T) {
  need_tensor("the schedule", "beta", beta, {T}, {at::kDouble});
}

void check_returned_log_snr(const Tensor& log_snr, const Tensor& u) {
  need_tensor("the schedule", "log_snr", log_snr, u.sizes(), {at::kDouble});
}

void check_returned_reverse(const distribution& reverse, const Tensor& xt) {
  const auto& [location, log_variance] = reverse;
  if (!location.defined() || location.sizes() != xt.sizes())
    throw error(fmt::format("the mean of the process returned a location {}, need shape {}",
                            location.defined() ? "of shape " + shape_text(location.sizes()) : "that is undefined",
                            shape_text(xt.sizes())));
  if (log_variance.defined() && !at::is_expandable_to(log_variance.sizes(), xt.sizes()))
    throw error(fmt::format("the variance of the process returned ln Σ of shape {}, need one that broadcasts to {}",
                            shape_text(log_variance.sizes()), shape_text(xt.sizes())));
}

void check_returned_samples(const std::string& by, const char* name, const Tensor& got, std::int64_t count,
                            const sizes& shape, at::ScalarType type) {
  need_tensor(by, name, got, rows_of(count, shape), {type});
}

void check_returned_batch(const std::string& by, const batch& b) {
  for (const auto& [name, t] : b.tensors)
    if (!t.defined()) throw error(fmt::format("{} returned no '{}' (an undefined tensor), need one", by, name));
}

void check_returned_rows(const std::string& by, const batch& b, const std::vector<named_tensor_doc>& declared,
                         std::int64_t n, const sizes& shape) {
  check_returned_batch(by, b);
  for (const auto& [name, x] : b.tensors) {
    const auto known =
        std::find_if(declared.begin(), declared.end(), [&, &name = name](const auto& d) { return d.name == name; });
    if (known == declared.end())
      throw error(fmt::format("{} returned '{}', need it in its table, by writes()", by, name));
    const bool rows = x.dim() > 0 && x.size(0) == n;
    if (!rows || (known->extent == extent::like_samples && !fits(x.sizes(), rows_of(n, shape))))
      throw error(fmt::format(
          "{} returned '{}' of shape {}, need {}", by, name, shape_text(x.sizes()),
          known->extent == extent::like_samples ? shape_text(rows_of(n, shape)) : fmt::format("{} rows", n)));
  }
}

void check_returned_records(const std::string& by, const std::vector<measured>& records) {
  for (const measured& m : records)
    if (!std::isfinite(m.value))
      throw error(fmt::format("{} returned {} = {}, need a finite number", by, m.name,
                              std::isnan(m.value) ? "nan"
                              : m.value > 0       ? "inf"
                                                  : "-inf"));
}

void check_returned_arrays(const std::string& by, const batch& arrays, const std::vector<named_tensor_doc>& declared,
                           const sizes& shape, std::int64_t T) {
  check_returned_batch(by, arrays);
  const auto need_shape = [&](const std::string& name, const sizes& need) {
    if (!fits(arrays.at(name).sizes(), need))
      throw error(fmt::format("{} returned '{}' of shape {}, need {}", by, name, shape_text(arrays.at(name).sizes()),
                              shape_text(need)));
  };
  std::int64_t steps = T;
  const auto take_axis = [&](const std::string& axis) {
    if (!arrays.has(axis)) return;
    need_shape(axis, {-1});
    steps = arrays.at(axis).size(0);
  };
  for (const char* axis : {"step", "t"}) take_axis(axis);
  for (const named_tensor_doc& d : declared)
    if (d.extent == extent::axis) take_axis(d.name);
  for (const named_tensor_doc& d : declared) {
    if (!arrays.has(d.name)) continue;
    if (d.extent == extent::like_samples) need_shape(d.name, rows_of(-1, shape));
    if (d.extent == extent::per_step) need_shape(d.name, {steps});
  }
}

}
