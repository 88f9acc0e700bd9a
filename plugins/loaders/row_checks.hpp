// What stored rows must not be, for a network to learn from them. Pure, thread-safe.
#pragma once

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace noneq {

// NaN or infinite numbers in x [n, …]: throws, naming the first such row (`rows` [n] numbers them).
inline void refuse_infinite(const Tensor& x, const Tensor& rows, const std::string& where) {
  const Tensor good = x.isfinite();
  if (x.numel() == 0 || good.all().item<bool>()) return;
  const Tensor bad = at::logical_not(good.flatten(1).all(1)).nonzero().flatten();
  const auto first = bad[0].item<std::int64_t>();
  const std::string more = bad.size(0) > 1 ? c10::str(" (and in ", bad.size(0) - 1, " more rows nearby)") : "";
  const Tensor number = x[first].flatten().masked_select(at::logical_not(good[first].flatten()))[0];
  throw error(c10::str(where, " got ", number.isnan().item<bool>() ? "NaN" : "an infinite number", " in row ",
                       rows[first].item<std::int64_t>(), more, ", need finite numbers of float32"));
}

// Rows [n, …] with numbers below low or above high: throws, naming the first such row (`rows` [n] numbers them) and
// its value.
inline void refuse_outside(const Tensor& stored, const Tensor& rows, double low, double high,
                           const std::string& where) {
  const Tensor out = stored.lt(low).logical_or_(stored.gt(high)).flatten(1);
  if (stored.numel() == 0 || !out.any().item<bool>()) return;
  const auto at = out.any(1).nonzero()[0].item<std::int64_t>();
  const double value = stored[at].flatten().masked_select(out[at])[0].item<double>();
  throw error(c10::str(where, " got ", value, " in row ", rows[at].item<std::int64_t>(), ", need values from ", low,
                       " to ", high, ", as range says"));
}

// Samples [C, H, W], stored as `channels` says, in which another dimension must be the channels: an image has 1, 3 or 4
// of them, and seldom so few columns. What is stated as first is believed.
inline void refuse_channel_order(const sizes& sample, const std::string& channels, const std::string& where) {
  if (sample.size() != 3) return;
  const auto few = [](std::int64_t n) { return n == 1 || n == 3 || n == 4; };
  const std::string taken =
      c10::str(where, " gives ", sample[0], " channels of ", sample[1], "×", sample[2], " numbers");
  if (channels == "none" && few(sample[2]) && sample[0] > 4 && sample[1] > 4)
    throw error(taken +
                ", need channels: last to take the last dimension for the channels (or channels: first, if it "
                "is as it should be)");
  if (channels == "last" && few(sample[1]) && sample[0] > 4 && sample[0] == sample[2])
    throw error(taken + ", need channels: first");
}

}
