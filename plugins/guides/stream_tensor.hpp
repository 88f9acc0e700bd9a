// A tensor of the sampler's stream that a guide reads: observations, values or masks, one row a sample. A value; const
// use is thread-safe.
#pragma once

#include <cmath>

#include "noneq/plugin.hpp"

namespace shipped {

class stream_tensor {
 public:
  // The guide's parameter `key` gives the tensor's name.
  stream_tensor(std::string key, std::string name) : key_(std::move(key)), name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  // An error about the parameter.
  noneq::error wrong(const std::string& text) const { return noneq::error("tensor '" + name_ + "' " + text, key_); }

  // Returns the chunk's rows [count, …] in float64. Throws noneq::error when there are none, when a row has not the
  // shape `need`, or when a number is not finite.
  noneq::Tensor rows(const noneq::guided_chunk& chunk, const noneq::sizes& need) const {
    const noneq::Tensor x = rows_with_missing(chunk, need);
    if (x.isnan().any().item<bool>()) throw wrong("got a number that is not finite, need data");
    return x;
  }
  // Missing numbers are NaN.
  noneq::Tensor rows_with_missing(const noneq::guided_chunk& chunk, const noneq::sizes& need) const {
    const noneq::Tensor x = chunk.rows.find(name_);
    if (!x.defined()) throw noneq::error("the sampler's stream has no tensor '" + name_ + "'", key_);
    if (x.sizes().slice(1) != at::IntArrayRef(need))
      throw wrong("got rows of shape " + noneq::to_string(x.sizes().slice(1).vec()) + ", need " +
                  noneq::to_string(need));
    if (x.isinf().any().item<bool>()) throw wrong("got a number that is not finite, need data");
    return x.to(at::kDouble);
  }

  // Throws noneq::error when one of the numbers `seen` lies outside the data's range by more than normalising and
  // restoring it in float32 rounds.
  void need_data(const noneq::Tensor& seen, const noneq::guided_chunk& chunk) const {
    if (chunk.range.empty() || seen.numel() == 0) return;
    const double least = seen.min().item<double>(), most = seen.max().item<double>(), low = chunk.range[0],
                 high = chunk.range[1], rounding = 1e-5 * (high - low + std::abs(low) + std::abs(high));
    if (least < low - rounding || most > high + rounding)
      throw wrong(c10::str("got ", least < low - rounding ? least : most, ", need values from ", low, " to ", high,
                           ", which the data has"));
  }

 private:
  std::string key_, name_;
};

// Values, and a mask that is 1 where they are known. Without the name of a mask, values that are missing (NaN) are not.
struct masked_tensor {
  stream_tensor mask, values;
  masked_tensor(std::string of_mask, std::string of_values)
      : mask("mask", std::move(of_mask)), values("values", std::move(of_values)) {}

  std::vector<std::string> names() const {
    return mask.name().empty() ? std::vector{values.name()} : std::vector{mask.name(), values.name()};
  }

  struct rows {
    noneq::Tensor known, values;  // bool and float64 [count, …]
  };
  // Throws noneq::error when rows have not the shape of samples, or the mask has other numbers than 0 and 1.
  rows of(const noneq::guided_chunk& chunk) const {
    if (mask.name().empty()) {
      const noneq::Tensor seen = values.rows_with_missing(chunk, chunk.shape);
      const noneq::Tensor known = seen.isnan().logical_not();
      return {known, seen.masked_fill(known.logical_not(), 0)};
    }
    const noneq::Tensor marks = mask.rows(chunk, chunk.shape);
    if (!((marks == 0) | (marks == 1)).all().item<bool>())
      throw mask.wrong("got other numbers than 0 and 1, need 1 where the value is known");
    const noneq::Tensor known = marks == 1, seen = values.rows_with_missing(chunk, chunk.shape);
    if (seen.isnan().logical_and(known).any().item<bool>())
      throw values.wrong("got a number that is not finite where the mask is 1, need a value, or 0 in the mask");
    return {known, seen.masked_fill(known.logical_not(), 0)};
  }
};

// Advice to pipelines that still name a file of rows.
inline std::string join_rows_of(const std::string& tensor) {
  return "the rows come from the stream of the sampler instead: in: <a loader>, as: {x0: " + tensor + "}";
}

}
