// Refuses rows that a network cannot learn from. `where` names the data for messages; "" when it has no name. Pure,
// thread-safe.
#pragma once

#include <cmath>

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace shipped {

inline std::string begin_of(const std::string& where) { return where.empty() ? "" : where + " "; }

// Whether NaN is refused, or stands for a number that was not observed.
enum class missing_numbers { refused, kept };

// Throws noneq::error when x [n, …] has infinite numbers, or NaN where that is refused, naming the first such row
// (`rows` [n] numbers them).
inline void refuse_infinite(const noneq::Tensor& x, const noneq::Tensor& rows, const std::string& where,
                            missing_numbers missing = missing_numbers::refused) {
  if (x.numel() == 0 || !x.is_floating_point()) return;
  if (std::isfinite(x.sum().item<double>())) return;  // one pass, without a tensor; large numbers may overflow it
  const noneq::Tensor good = missing == missing_numbers::kept ? x.isinf().logical_not() : x.isfinite();
  if (good.all().item<bool>()) return;
  const noneq::Tensor bad = at::logical_not(good.flatten(1).all(1)).nonzero().flatten();
  const auto first = bad[0].item<std::int64_t>();
  const std::string more = bad.size(0) > 1 ? c10::str(" (and in ", bad.size(0) - 1, " more rows nearby)") : "";
  const noneq::Tensor number = x[first].flatten().masked_select(at::logical_not(good[first].flatten()))[0];
  throw noneq::error(c10::str(begin_of(where), "got ", number.isnan().item<bool>() ? "NaN" : "an infinite number",
                              " in row ", rows[first].item<std::int64_t>(), more, ", need finite numbers of float32"));
}

// Throws noneq::error when rows [n, …] have numbers below low or above high, naming the first such row (`rows` [n]
// numbers them) and its value.
inline void refuse_outside(const noneq::Tensor& stored, const noneq::Tensor& rows, double low, double high,
                           const std::string& where) {
  const noneq::Tensor out = stored.lt(low).logical_or_(stored.gt(high)).flatten(1);
  if (stored.numel() == 0 || !out.any().item<bool>()) return;
  const auto at = out.any(1).nonzero()[0].item<std::int64_t>();
  const double value = stored[at].flatten().masked_select(out[at])[0].item<double>();
  throw noneq::error(c10::str(begin_of(where), "got ", value, " in row ", rows[at].item<std::int64_t>(),
                              ", need values from ", low, " to ", high));
}

}
