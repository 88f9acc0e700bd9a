#include "noneq/storage/stored_numbers.hpp"

#include <cmath>

#include <fmt/format.h>

#include "noneq/core/dtype.hpp"
#include "noneq/core/error.hpp"

namespace noneq::storage {

static const std::vector<stored_numbers>& all_numbers() {
  static const std::vector<stored_numbers> all{{"float16", at::kHalf},
                                               {"float32", at::kFloat},
                                               {"float64", at::kDouble},
                                               {"int8", at::kChar, true, -128, 127},
                                               {"int16", at::kShort, true, -32768, 32767},
                                               {"int32", at::kInt, true, -2147483648.0, 2147483647.0},
                                               {"uint8", at::kByte, true, 0, 255},
                                               {"uint16", at::kShort, true, 0, 65535},
                                               {"uint32", at::kInt, true, 0, 4294967295.0}};
  return all;
}

std::optional<stored_numbers> numbers_named(const std::string& name) {
  for (const stored_numbers& n : all_numbers())
    if (n.name == name) return n;
  return std::nullopt;
}

const std::vector<std::string>& number_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> each;
    for (const stored_numbers& n : all_numbers()) each.push_back(n.name);
    return each;
  }();
  return names;
}

stored_numbers numbers_of(at::ScalarType dtype) {
  for (const stored_numbers& n : all_numbers())
    if (n.holder == dtype && !n.name.starts_with("uint16") && !n.name.starts_with("uint32")) return n;
  if (dtype == at::kLong || dtype == at::kBool || dtype == at::kBFloat16) return {dtype_text(dtype), dtype};
  throw error(fmt::format("got dtype {}, need a real number type or bool", dtype_text(dtype)));
}

// Throws for the first row of x [n, …] in which `bad` [n, …] holds.
[[noreturn]] static void refuse(const Tensor& x, const Tensor& bad, const stored_numbers& to, const packing& by,
                                std::int64_t first, double least, double most) {
  const Tensor rows = bad.flatten(1).any(1).nonzero().flatten();
  const auto row = rows[0].item<std::int64_t>();
  const double value = x[row].masked_select(bad[row])[0].item<double>();
  if (std::isnan(value))
    throw error(fmt::format("got NaN in row {}, need numbers, or a dtype that has NaN, or fill: auto", first + row));
  const auto unpacked = [&](double stored) { return stored * by.scale + by.offset; };
  const double a = unpacked(least), b = unpacked(most);
  throw error(fmt::format(
      "got {:.9g} in row {}, need values from {:.9g} to {:.9g}, as {} holds them{}{}; need another dtype{}, or "
      "overflow: "
      "saturate{}",
      value, first + row, std::min(a, b), std::max(a, b), to.name,
      by.scale != 1 || by.offset != 0 ? " with this scale and offset" : "", by.fill ? " beside a fill value" : "",
      to.integer ? ", scale or offset" : "", by.fill ? ", or fill: none" : ""));
}

Tensor packed(const Tensor& x, const stored_numbers& to, const packing& by, std::int64_t first) {
  const bool as_it_is = by.scale == 1 && by.offset == 0;
  if (!to.integer) {
    const Tensor scaled = as_it_is ? x : (x.to(at::kDouble) - by.offset) / by.scale;
    if (to.holder != at::kHalf) {
      Tensor stored = scaled.to(to.holder).contiguous();
      if (to.holder == at::kFloat && scaled.scalar_type() == at::kDouble) {
        const Tensor bad = stored.isinf().logical_and(scaled.isinf().logical_not());
        constexpr double most = 3.4028234663852886e38;
        if (bad.any().item<bool>()) {
          if (!by.saturate) refuse(x, bad, to, by, first, -most, most);
          stored = at::where(bad, scaled.clamp(-most, most), scaled).to(to.holder).contiguous();
        }
      }
      return stored;
    }
    constexpr double most = 65504;
    const Tensor half = scaled.to(at::kHalf);
    const Tensor bad = half.isinf().logical_and(scaled.isinf().logical_not());
    if (!bad.any().item<bool>()) return half.contiguous();
    if (!by.saturate) refuse(x, bad, to, by, first, -most, most);
    return at::where(bad, scaled.clamp(-most, most), scaled).to(at::kHalf).contiguous();
  }
  // The fill value stands for missing numbers only; it is the smallest or largest of the type, or lies within.
  double least = to.least, most = to.most;
  if (by.fill && static_cast<double>(*by.fill) == least) ++least;
  if (by.fill && static_cast<double>(*by.fill) == most) --most;
  const Tensor wide = x.to(at::kDouble), missing = wide.isnan();
  Tensor stored = (as_it_is ? wide : (wide - by.offset) / by.scale).round();
  const bool any_missing = missing.any().item<bool>();
  if (any_missing && !by.fill) refuse(wide, missing, to, by, first, least, most);
  const Tensor bad = stored.lt(least).logical_or_(stored.gt(most));
  if (bad.any().item<bool>()) {
    if (!by.saturate) refuse(wide, bad, to, by, first, least, most);
    stored = stored.clamp(least, most);
  }
  if (any_missing) stored = stored.masked_fill(missing, static_cast<double>(*by.fill));
  // Through int64, which keeps the bits of an unsigned number in the narrower signed type.
  return stored.to(at::kLong).to(to.holder).contiguous();
}

}
