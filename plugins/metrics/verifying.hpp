// A sink that compares the members of each row with its truth, row by row, so that no result depends on the batches.
// Its plugins compute a few tensors of a row and add them up in the order of the rows.
//
// Rows are the independent units of all standard errors: places and channels of one row are not. Threads: as any sink.
#pragma once

#include "noneq/plugin.hpp"
#include "ratio_of_sums.hpp"

namespace shipped {

struct verified_row {
  noneq::Tensor x;         // float64 [K, …]: members
  noneq::Tensor y;         // float64 […]: truth
  noneq::Tensor observed;  // float64 […]: 1 where the truth was observed, 0 elsewhere, where y is 0
  std::int64_t number;     // of the row in its stream
  std::int64_t members() const { return x.size(0); }
};

// Throws noneq::error when there are fewer than `least` members.
inline void need_members(std::int64_t members, std::int64_t least, const char* score) {
  if (members < least)
    throw noneq::error(c10::str("got ", members, members == 1 ? " member" : " members", " a row, need at least ", least,
                                " for ", score, "; give the sampler members: 8, or another number"));
}

// Returns the number of channels of a sample, the first of two or more dimensions; 1 where it has none.
inline std::int64_t channels_of(const noneq::sizes& sample) { return sample.size() < 2 ? 1 : sample.front(); }

// Returns the sum over all of a row's numbers, and behind it, where there are several channels, those over each: [1 +
// C] or [1]. Shape of `of_row`: that of a sample.
inline noneq::Tensor total_and_channels(const noneq::Tensor& of_row) {
  const noneq::Tensor total = of_row.sum().view({1});
  if (channels_of(of_row.sizes().vec()) < 2) return total;
  return at::cat({total, of_row.flatten(1).sum(1)});
}

class verifying_sinking : public noneq::sinking {
 public:
  // `score`: its name, for messages. The comparison outlives the sink.
  verifying_sinking(const noneq::comparison& c, std::int64_t least_members, const char* score)
      : c_(c), least_(least_members), score_(score) {}

  noneq::batch map(noneq::batch b) const override {
    const noneq::Tensor samples = b.at("samples"), truth = b.at("truth").to(at::kDouble);
    const noneq::Tensor x = (samples.dim() == truth.dim() ? samples.unsqueeze(1) : samples).to(at::kDouble);
    need_shapes(samples, x, truth);
    need_members(x.size(1), least_, score_);
    const noneq::Tensor observed = observed_of(b, truth),
                        y = at::where(observed > 0, truth, at::zeros({}, at::kDouble));
    if (!y.isfinite().all().item<bool>())
      throw noneq::error("got a truth that is not finite, need finite numbers, or a tensor mask that is 0 there");
    std::map<std::string, std::vector<noneq::Tensor>> of_rows;
    for (std::int64_t r = 0; r < x.size(0); ++r)
      for (auto& [name, t] : of_row({x[r].contiguous(), y[r].contiguous(), observed[r].contiguous(), b.first + r}))
        of_rows[name].push_back(std::move(t));
    noneq::batch mapped{b.step, b.first, {}};
    for (const auto& [name, each] : of_rows) mapped.set(name, at::stack(each));
    mapped.set("number of members", at::full({x.size(0)}, x.size(1), at::kLong));
    return mapped;
  }

  void add(const noneq::batch& mapped) override {
    for (std::int64_t r = 0; r < mapped.size(); ++r) {
      const auto members = mapped.at("number of members")[r].item<std::int64_t>();
      if (rows_++ > 0 && members != members_)
        throw noneq::error(c10::str("got ", members, " members in row ", rows_ - 1, ", need ", members_, " in all"));
      members_ = members;
      numbers of_row;
      for (const auto& [name, t] : mapped.tensors) of_row[name] = t[r];
      add_row(of_row);
    }
  }

  noneq::outcome finish() final {
    if (rows_ == 0) throw noneq::error("got no rows to measure, need at least one");
    return found();
  }

 protected:
  using numbers = std::map<std::string, noneq::Tensor>;  // float64, by name

  // Returns what add_row() needs of a row, the same names and shapes for each. May be called concurrently.
  virtual numbers of_row(const verified_row& row) const = 0;
  virtual void add_row(const numbers& of_row) = 0;
  virtual noneq::outcome found() const = 0;

  // Adds a record of element k of a ratio.
  void record(noneq::outcome& out, const std::string& name, const ratio_with_error& r) const {
    out.records.push_back({name, r.value, "", r.error, c_.part, rows_});
  }
  static ratio_with_error element(const ratio_of_sums& r, std::int64_t k) {
    return {r.value()[k].item<double>(), r.standard_error()[k].item<double>()};
  }
  // Adds a record of the whole, and one for each channel, of a ratio of total_and_channels().
  void record_all(noneq::outcome& out, const std::string& name, const ratio_of_sums& r, bool root = false) const {
    if (!(r.mean_b()[0].item<double>() > 0))
      throw noneq::error("got rows of which no number was observed, need some that were");
    for (std::int64_t k = 0; k < r.value().size(0); ++k) {
      if (!(r.mean_b()[k].item<double>() > 0)) continue;  // a channel that was never observed
      const ratio_with_error e = element(r, k);
      record(out, k == 0 ? name : c10::str(name, "_channel_", k - 1), root ? root_of(e) : e);
    }
  }

  const noneq::comparison c_;
  std::int64_t rows_ = 0, members_ = 0;

 private:
  static void need_shapes(const noneq::Tensor& samples, const noneq::Tensor& x, const noneq::Tensor& truth) {
    if (x.dim() == truth.dim() + 1 && x.dim() > 1 && x.size(0) == truth.size(0) &&
        x.sizes().slice(2) == truth.sizes().slice(1))
      return;
    throw noneq::error(c10::str("got samples ", noneq::to_string(samples.sizes().vec()), " beside a truth ",
                                noneq::to_string(truth.sizes().vec()),
                                ", need [n, K, …], K members a row, or [n, …], beside [n, …] of as many rows and equal "
                                "shape"));
  }

  static noneq::Tensor observed_of(const noneq::batch& b, const noneq::Tensor& truth) {
    if (!b.has("mask")) return at::ones_like(truth);
    const noneq::Tensor mask = b.at("mask").to(at::kDouble);
    if (!at::is_expandable_to(mask.sizes(), truth.sizes()))
      throw noneq::error(c10::str("got a mask ", noneq::to_string(mask.sizes().vec()), " beside a truth ",
                                  noneq::to_string(truth.sizes().vec()), ", need one that fits each row of it"));
    if (!(mask * (mask - 1) == 0).all().item<bool>())
      throw noneq::error(
          "got a mask of other numbers than 0 and 1, need 1 where the truth was observed and 0 elsewhere");
    return mask.expand_as(truth);
  }

  const std::int64_t least_;
  const char* const score_;
};

// A sink for scores that every place has: their mean over all places, that of each channel, and a map of the means over
// the rows.
class place_score_sinking : public verifying_sinking {
 public:
  // `root`: the score is the root of the means.
  place_score_sinking(const noneq::comparison& c, std::int64_t least_members, const char* score, bool root = false)
      : verifying_sinking(c, least_members, score), name_(score), root_(root) {}

 protected:
  // Returns the score of each place of a row, float64 […].
  virtual noneq::Tensor score_of(const verified_row& row) const = 0;
  // Adds records that follow from the score of all places.
  virtual void add_records(noneq::outcome&, const ratio_with_error&) const {}

  numbers of_row(const verified_row& row) const final {
    return {{"score", score_of(row) * row.observed}, {"observed", row.observed}};
  }

  void add_row(const numbers& of_row) final {
    const noneq::Tensor &score = of_row.at("score"), &observed = of_row.at("observed");
    map_.add(score, observed);
    means_.add(total_and_channels(score), total_and_channels(observed));
  }

  noneq::outcome found() const final {
    noneq::outcome out;
    record_all(out, name_, means_, root_);
    const ratio_with_error all = element(means_, 0);
    add_records(out, root_ ? root_of(all) : all);
    out.arrays.set(name_ + "_map", rooted(map_.value()).unsqueeze(0).to(at::kFloat));
    out.arrays.set(name_ + "_map_stderr", error_of(map_).unsqueeze(0).to(at::kFloat));
    const noneq::Tensor value = rooted(means_.value()), error = error_of(means_);
    if (const std::int64_t channels = value.size(0) - 1; channels > 0) {
      out.arrays.set("channel", at::arange(channels, at::kDouble));
      out.arrays.set(name_ + "_of_channel", value.slice(0, 1));
      out.arrays.set(name_ + "_of_channel_stderr", error.slice(0, 1));
    }
    return out;
  }

 private:
  noneq::Tensor rooted(const noneq::Tensor& mean) const { return root_ ? mean.sqrt() : mean; }
  noneq::Tensor error_of(const ratio_of_sums& r) const {
    const noneq::Tensor error = r.standard_error();
    return root_ ? error / (2 * r.value().sqrt()) : error;
  }

  const std::string name_;
  const bool root_;
  ratio_of_sums map_, means_;
};

// Declares the arrays of a place_score_sinking.
template <class P>
void describe_places(noneq::description<P>& d, const std::string& name) {
  d.writes(name + "_map", "float32 [1, …]: of each place of a sample; NaN where it was never observed",
           noneq::extent::like_samples)
      .writes(name + "_map_stderr", "float32 [1, …]: its standard errors", noneq::extent::like_samples)
      .writes("channel", "float64 [C]: numbers of the channels, where there are several", noneq::extent::axis)
      .writes(name + "_of_channel", "float64 [C]: of each channel", noneq::extent::per_step)
      .writes(name + "_of_channel_stderr", "float64 [C]: its standard error", noneq::extent::per_step);
}

// Returns the numbers of channel k of tensors of a row, all of them for k = −1.
inline noneq::Tensor channel_of(const noneq::Tensor& of_row, std::int64_t k, std::int64_t dim = 0) {
  return k < 0 ? of_row : of_row.select(dim, k);
}

// Throws noneq::error about the parameter `channel` when samples have no such channel.
inline void need_channel(const noneq::dataset_info& info, std::int64_t k) {
  if (k < 0) return;
  if (const std::int64_t channels = channels_of(info.shape); info.shape.size() < 2 || k >= channels)
    throw noneq::error(c10::str("got ", k, " for samples of shape ", noneq::to_string(info.shape), ", need ",
                                info.shape.size() < 2 ? std::string("-1: they have no channels")
                                                      : c10::str("-1 for all, or 0 to ", channels - 1)),
                       "channel");
}

}
