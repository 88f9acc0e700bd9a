// A source of data. A loader opens a `source`, which gives the rows of each training step, and rows in order for
// measuring and learning.
//
// Shapes: x0 [n, …] in numbers of any type, label int64 [n] where there are classes, row int64 [n] where the data is
// stored. The branch of the graph that begins at a loader ends in float32.
// Threads: one thread at a time calls open(), examine() and the functions that fetch, which may read files. prepare()
// may be called concurrently, also while another thread fetches.
// Errors: noneq::error, with the place in the data.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "noneq/core/random.hpp"
#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/normalisation.hpp"

namespace noneq {

// Data whose density is known: atoms [n, …] with log weights [n], each blurred by N(0, variance).
struct mixture {
  Tensor atoms, log_weights;
  double variance = 0;
};

// The place where the rows of a tensor are stored, in the order of the files.
struct stored_place {
  std::vector<std::filesystem::path> files;  // empty: the rows are not read from files
  std::string dataset = {};
};

// A tensor that a loader gives, row by row: x0, or a field beside it, as a condition, a truth to compare with, an
// observation.
struct field_info {
  sizes shape;                          // of one row, without the batch dimension
  at::ScalarType numbers = at::kFloat;  // the type of its numbers at this place
  normalisation normal = {};            // from data units to its numbers at this place
  // Whether NaN may stand in it, for a number that was not observed. Behind the branch it is 0 there, and a mask beside
  // it, float32 of the same shape, is 1 where a number was observed and 0 elsewhere.
  bool missing = false;
  stored_place stored = {};
};

// The data at one place of a loader's branch: as the loader gives it, or as it is behind a transform. The members of
// the base describe x0.
struct dataset_info : field_info {
  std::int64_t count = -1;     // rows to train on; −1: endless
  std::int64_t measured = -1;  // rows that fetch_rows gives; −1: endless
  // Rows of "train", "validation" and "test", as far as the data has them; empty when it is drawn without end.
  std::map<std::string, std::int64_t> parts;
  std::int64_t classes = 0;      // 0: no labels
  std::int64_t first_class = 0;  // the stored label of class 0
  double bin_width = 0;  // of discretised values in units of x⁰ (2/255 for 8-bit data in [−1, 1]); 0: continuous
  std::vector<double> range;  // the smallest and largest value there can be, in data units; empty: not known
  // A fingerprint of the rows' contents and of the transforms behind them, wherever they lie and however their place is
  // spelt; empty: not kept anywhere.
  std::string identity;
  std::optional<mixture> truth;
  bool has_x0 = true;  // false: the data has fields only, and shape and normal have no meaning
  std::map<std::string, field_info> fields = {};  // beside x0, by the name of the tensor

  std::int64_t block = 1024;  // rows that are best read together
  // The name of each part for messages, as "a.h5: dataset 'x'"; a part without one is called by its key.
  std::map<std::string, std::string> part_names = {};
  const std::string& name_of(const std::string& part) const {
    const auto known = part_names.find(part);
    return known == part_names.end() ? part : known->second;
  }

  // For the user, before training begins.
  std::vector<std::string> axes = {};   // the name of each dimension of shape, "channels", …; empty: not stated
  std::vector<double> found = {};       // the smallest and largest number seen, in data units; empty: not looked for
  std::string examined = {};            // how much was searched for numbers that cannot be trained on
  std::vector<std::string> notes = {};  // a line each: a setting that looks unintended, and the parameter that mends it
  // The note for a model that takes the first dimension for channels, when no file or parameter states that it is so.
  std::string if_channels_first = {};
  // The reason why these rows cannot be trained on, although they can be processed; empty: none was found.
  std::string untrainable = {};
  // The dimensions of a sample in the order in which the data's own files have them; one left out is not in the files
  // and has length 1. Empty: as in shape.
  sizes stored_order = {};

  // Returns the description of x0 or a field; nullptr when there is no such tensor.
  const field_info* find(const std::string& name) const {
    if (name == "x0") return has_x0 ? this : nullptr;
    const auto f = fields.find(name);
    return f == fields.end() ? nullptr : &f->second;
  }
  // The names of x0, if there is one, and of all fields.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    if (has_x0) all.push_back("x0");
    for (const auto& [name, _] : fields) all.push_back(name);
    return all;
  }

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

  // Called with rows of a part, prepared, in order.
  using onlooker = std::function<void(const std::string& part, const batch& rows)>;
  // Reads rows before any is used and completes info(): identity, found, examined and notes. Called at most once. Each
  // row that was read is passed to `also` once, in the order of the rows; its exceptions are rethrown. The default is
  // for generated data, of which nothing has to be known.
  virtual void examine(const onlooker& /*also*/) {}

  // Returns the batch of a training step; s is the step's own stream.
  virtual batch fetch(std::int64_t step, const stream& s) = 0;
  // Returns a share of that batch, for a process that trains on no more: `first` is the first row's number within the
  // batch, and of_rows the number of rows of all of it. State changes as by fetch(). The default returns all rows, with
  // of_rows 0, which are cut when they are prepared; a source overrides it where reading or making fewer is less work.
  virtual batch fetch_share(std::int64_t step, const stream& s, const batch_share& /*share*/) { return fetch(step, s); }
  // Returns rows to measure on, in order; fewer at the end.
  virtual batch fetch_rows(std::int64_t first, std::int64_t count) = 0;
  // Returns rows of one of info().parts. Data without parts has rows of one kind only.
  virtual batch fetch_part(const std::string& /*part*/, std::int64_t first, std::int64_t count) {
    return fetch_rows(first, count);
  }
  // Finishes the result of one of the functions above: decompresses, gathers, converts. Idempotent: a prepared
  // batch is returned unchanged.
  virtual batch prepare(batch raw) const { return raw; }
  // Visits state that changes with each batch of a step and must outlive an interruption, to save it or to replace it.
  // Called between two fetches, by the thread that fetches.
  virtual void state(const state_visitor&) {}
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

struct loader : role<"loader", node_kind::source> {
  std::int64_t batch_size = 128;

  // Opens the data. `known` is the normalisation of the loader's own that a trained model was stored with; it is used
  // as it is, and no more rows are then read than the fingerprint needs. Throws noneq::error.
  virtual std::shared_ptr<source> open(const std::optional<normalisation>& known, const stream& s) const = 0;
  // Names of the tensors that its batches hold beside x0, label and row; and whether they hold x0.
  virtual std::vector<std::string> gives() const { return {}; }
  virtual bool gives_x0() const { return true; }
  // Makes the loader read another file (`noneq eval --data`). Throws noneq::error when it reads none.
  virtual void redirect(const std::filesystem::path&) {
    throw error("this loader reads no file, so --data has no meaning for it");
  }

  template <class P>
  static void common(description<P>& d) {
    d.param("batch", &P::batch_size, "samples in one training step", at_least(1), at_most(1e7));
    d.writes("x0", "numbers of any type [B, …]: the data");
  }
};

}
