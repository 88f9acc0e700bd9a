// Where data comes from. A loader opens a source; a source gives the rows of a training step, and rows in order for
// measuring. fetch() and fetch_rows() are called by one thread at a time (they may read files); prepare() runs in
// parallel on what they return, and gives back what is prepared already.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "noneq/core/random.hpp"
#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

// x⁰ = (x − shift)/scale, both broadcastable to one sample and best kept in float64: a shift may be large beside its
// scale. Stored with the model, so that samples come out in data units.
struct normalisation {
  Tensor shift = at::zeros({}, at::kDouble), scale = at::ones({}, at::kDouble);
  at::ScalarType dtype = at::kFloat;  // of data and samples in data units: kDouble where float32 would round them away

  // Whether float32 rounds numbers near the shift by more than some 1/30,000 of the scale.
  bool coarse_in_float32() const {
    return (shift.to(at::kDouble).abs() > 1024 * scale.to(at::kDouble)).any().item<bool>();
  }
  // float32 x⁰ of x [n, …] of any type.
  Tensor apply(const Tensor& x) const {
    const auto exact = coarse_in_float32() ? at::kDouble : at::kFloat;
    return ((x.to(exact) - shift.to(exact)) / scale.to(exact)).to(at::kFloat);
  }
  // x of x⁰, in the wider of its own type and `dtype`.
  Tensor restore(const Tensor& x0) const {
    const auto given = x0.scalar_type(), wanted = c10::promoteTypes(given, dtype);
    const auto exact = wanted == at::kDouble || coarse_in_float32() ? at::kDouble : wanted;
    return (x0.to(exact) * scale.to(exact) + shift.to(exact)).to(wanted);
  }
};

// Data whose density is known: atoms [n, …] with log weights [n], each blurred by N(0, variance).
struct mixture {
  Tensor atoms, log_weights;
  double variance = 0;
};

struct dataset_info {
  sizes shape;                 // of one sample, without the batch dimension
  std::int64_t count = -1;     // rows to train on; −1: endless
  std::int64_t measured = -1;  // rows that fetch_rows gives; −1: endless
  // Rows of "train", "validation" and "test", as far as the data has them; none when it is drawn without end.
  std::map<std::string, std::int64_t> parts;
  std::int64_t classes = 0;  // 0: no labels
  normalisation normal;
  double bin_width = 0;  // of discretised values in units of x⁰ (2/255 for 8-bit data in [−1, 1]); 0: continuous
  std::vector<double> range;  // the smallest and largest value there can be, in data units; empty: not known
  // A fingerprint of the rows' contents and of what is made of them, the same wherever they lie and however their place
  // is spelt; empty: not kept anywhere.
  std::string identity;
  std::optional<mixture> truth;

  // For the user, before training begins.
  std::vector<std::string> axes = {};   // what each dimension of shape is, "channels", "height", …; empty: not stated
  std::vector<double> found = {};       // the smallest and largest number seen, in data units; empty: not looked for
  std::string examined = {};            // how much was looked at for numbers that cannot be trained on
  std::vector<std::string> notes = {};  // a line each: what looks unintended, and the parameter that mends it
  // The note for a model that takes the first dimension for channels, when nobody stated that it is so.
  std::string if_channels_first = {};
  // The dimensions of a sample in the order in which the data's own files have them; one left out is not in the files
  // and has length 1. Empty: as in shape.
  sizes stored_order = {};

  // Samples [n, …] of shape as the data's own files have them.
  Tensor as_stored(const Tensor& samples) const {
    if (stored_order.empty()) return samples;
    sizes order = {0};
    for (const std::int64_t d : stored_order) order.push_back(d + 1);
    sizes shape = {samples.size(0)};
    for (const std::int64_t d : stored_order) shape.push_back(samples.size(d + 1));
    for (std::int64_t d = 0; d + 1 < samples.dim(); ++d)
      if (std::find(stored_order.begin(), stored_order.end(), d) == stored_order.end()) order.push_back(d + 1);
    return samples.permute(order).reshape(shape).contiguous();
  }
};

struct source {
  virtual ~source() = default;
  virtual const dataset_info& info() const = 0;
  virtual batch fetch(std::int64_t step, const stream& s) = 0;  // the batch of a step; s is the step's own stream
  // Rows to measure on, in order; fewer at the end.
  virtual batch fetch_rows(std::int64_t first, std::int64_t count) = 0;
  // The same of one of info().parts. Data without parts has rows of one kind only.
  virtual batch fetch_part(const std::string& /*part*/, std::int64_t first, std::int64_t count) {
    return fetch_rows(first, count);
  }
  virtual batch prepare(batch raw) const { return raw; }  // raw → x0 (float32), label (int64)
};

// The part that is measured on when none is named, the one fetch_rows gives: test, else validation, else train; ""
// when the data has no parts.
inline std::string measured_part(const dataset_info& info) {
  for (const char* name : {"test", "validation", "train"})
    if (info.parts.count(name)) return name;
  return "";
}

// Throws noneq::error when the data has parts, but not this one.
inline void need_part(const dataset_info& info, const std::string& part, const char* parameter) {
  if (info.parts.empty() || info.parts.count(part)) return;
  std::string have;
  for (const auto& [name, rows] : info.parts) have += (have.empty() ? "" : " and ") + name;
  throw error("got '" + part + "', but the data has " + have + " only; name a dataset for it in the loader", parameter);
}

struct loader : role<"loader"> {
  std::int64_t batch_size = 128;

  // Opens the data. `known` is the normalisation a trained model was stored with: used as it is. Throws noneq::error.
  virtual std::shared_ptr<source> open(const std::optional<normalisation>& known, const stream& s) const = 0;
  // The same loader reading another file (`noneq eval --data`); throws when it does not read files.
  virtual void redirect(const std::filesystem::path&) {
    throw error("this loader reads no file, so --data has no meaning for it");
  }

  template <class P>
  static void common(description<P>& d) {
    d.param("batch", &P::batch_size, "samples in one training step", at_least(1), at_most(1e7));
    d.writes("x0", "float32 [B, …]: normalised data");
  }
};

}
