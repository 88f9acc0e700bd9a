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

  // An error about the parameter.
  noneq::error wrong(const std::string& text) const { return noneq::error("tensor '" + name_ + "' " + text, key_); }

  // Returns the chunk's rows [count, …] in float64. Throws noneq::error when there are none, when a row has not the
  // shape `need`, or when a number is not finite.
  noneq::Tensor rows(const noneq::guided_chunk& chunk, const noneq::sizes& need) const {
    const noneq::Tensor x = chunk.rows.find(name_);
    if (!x.defined()) throw noneq::error("the sampler's stream has no tensor '" + name_ + "'", key_);
    if (x.sizes().slice(1) != at::IntArrayRef(need))
      throw wrong("got rows of shape " + noneq::to_string(x.sizes().slice(1).vec()) + ", need " +
                  noneq::to_string(need));
    if (!x.isfinite().all().item<bool>()) throw wrong("got a number that is not finite, need data");
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

// Values, and a mask that is 1 where they are known.
struct masked_tensor {
  stream_tensor mask, values;
  masked_tensor(std::string of_mask, std::string of_values)
      : mask("mask", std::move(of_mask)), values("values", std::move(of_values)) {}

  struct rows {
    noneq::Tensor known, values;  // bool and float64 [count, …]
  };
  // Throws noneq::error when rows have not the shape of samples, or the mask has other numbers than 0 and 1.
  rows of(const noneq::guided_chunk& chunk) const {
    const noneq::Tensor marks = mask.rows(chunk, chunk.shape);
    if (!((marks == 0) | (marks == 1)).all().item<bool>())
      throw mask.wrong("got other numbers than 0 and 1, need 1 where the value is known");
    return {marks == 1, values.rows(chunk, chunk.shape)};
  }
};

// Advice to pipelines that still name a file of rows.
inline std::string join_rows_of(const std::string& tensor) {
  return "the rows come from the stream of the sampler instead: in: <a loader>, as: {x0: " + tensor + "}";
}

}
