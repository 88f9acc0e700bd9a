// A sink that compares the members of each row with its truth, row by row, so that no result depends on the batches.
// Its plugins compute a few tensors of a row and add them up in the order of the rows.
//
// Rows are the independent units of all standard errors: places and channels of one row are not. Threads: as any sink.
#pragma once

#include "noneq/plugin.hpp"
#include "ratio_of_sums.hpp"

namespace shipped {

struct verified_row {
  noneq::Tensor x;         // float64 [K, …]: members, 0 where the truth was not observed
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

// Returns the number of channels of a sample, its first dimension; 1 where it has none, because all its dimensions are
// space.
inline std::int64_t channels_of(const noneq::sizes& sample, std::size_t space = 1) {
  return sample.size() <= space ? 1 : sample.front();
}

// Returns the sum over all of a row's numbers, and behind it, where there are several channels, those over each: [1 +
// C] or [1]. Shape of `of_row`: that of a sample.
inline noneq::Tensor total_and_channels(const noneq::Tensor& of_row) {
  const noneq::Tensor total = of_row.sum().view({1});
  if (channels_of(of_row.sizes().vec()) < 2) return total;
  return at::cat({total, of_row.flatten(1).sum(1)});
}

// Returns float64 of the shape of the truth [n, …]: 1 where it was observed, 0 elsewhere. Throws noneq::error when the
// tensor `mask` of the batch is not of that kind.
inline noneq::Tensor observed_of(const noneq::batch& b, const noneq::Tensor& truth) {
  if (!b.has("mask")) return at::ones_like(truth, at::kDouble);
  const noneq::Tensor mask = b.at("mask").to(at::kDouble);
  if (!at::is_expandable_to(mask.sizes(), truth.sizes()))
    throw noneq::error(c10::str("got a mask ", noneq::to_string(mask.sizes().vec()), " beside a truth ",
                                noneq::to_string(truth.sizes().vec()), ", need one that fits each row of it"));
  if (!(mask * (mask - 1) == 0).all().item<bool>())
    throw noneq::error("got a mask of other numbers than 0 and 1, need 1 where the truth was observed and 0 elsewhere");
  return mask.expand_as(truth);
}

// Throws noneq::error when samples or truth [n, …] of rows first, first + 1, … are not finite.
inline void need_finite(const noneq::Tensor& samples, const noneq::Tensor& truth, std::int64_t first) {
  const auto need = [first](const noneq::Tensor& numbers, const char* got, const char* needed) {
    const noneq::Tensor bad = numbers.isfinite().logical_not().flatten(1).any(1).nonzero();
    if (bad.numel() > 0)
      throw noneq::error(
          c10::str("got ", got, " not finite in row ", first + bad[0].item<std::int64_t>(), ", need ", needed));
  };
  need(truth, "a truth that is", "finite numbers, or a tensor mask that is 0 there");
  need(samples, "samples that are", "finite numbers where the truth was observed");
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
    const noneq::Tensor observed = observed_of(b, truth), seen = observed > 0;
    const noneq::Tensor y = at::where(seen, truth, 0.), members = at::where(seen.unsqueeze(1), x, 0.);
    need_finite(members, y, b.first);
    std::map<std::string, std::vector<noneq::Tensor>> of_rows;
    for (std::int64_t r = 0; r < x.size(0); ++r)
      for (auto& [name, t] :
           of_row({members[r].contiguous(), y[r].contiguous(), observed[r].contiguous(), b.first + r}))
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

  // Adds a record about so many rows, without an error.
  void record(noneq::outcome& out, const std::string& name, double value, const noneq::Tensor& rows) const {
    out.records.push_back(
        {name, value, "", std::numeric_limits<double>::quiet_NaN(), c_.part, rows.item<std::int64_t>()});
  }
  // Adds a record of element k of a ratio, or of its root, about the rows that were observed.
  void record(noneq::outcome& out, const std::string& name, const ratio_of_sums& r, std::int64_t k,
              bool root = false) const {
    const with_errors all = root ? root_of(r.value_and_error()) : r.value_and_error();
    record(out, name, all.value[k].item<double>(), r.observed()[k]);
    out.records.back().standard_error = all.error[k].item<double>();
  }
  // Adds a record of the whole, and one for each channel, of a ratio of total_and_channels().
  void record_all(noneq::outcome& out, const std::string& name, const ratio_of_sums& r, bool root = false) const {
    if (!(r.mean_b()[0].item<double>() > 0))
      throw noneq::error("got rows of which no number was observed, need some that were");
    for (std::int64_t k = 0; k < r.value().size(0); ++k) {
      if (!(r.mean_b()[k].item<double>() > 0)) continue;  // a channel that was never observed
      record(out, k == 0 ? name : c10::str(name, "_channel_", k - 1), r, k, root);
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

  const std::int64_t least_;
  const char* const score_;
};

// Returns the numbers of channel k of tensors of a row, all of them for k = −1.
inline noneq::Tensor channel_of(const noneq::Tensor& of_row, std::int64_t k, std::int64_t dim = 0) {
  return k < 0 ? of_row : of_row.select(dim, k);
}

// Throws noneq::error about the parameter `channel` when samples, of which at least the last `space` dimensions are
// space, have no such channel.
inline void need_channel(const noneq::dataset_info& info, std::int64_t k, std::size_t space = 1) {
  const bool none = info.shape.size() <= space;
  const std::int64_t channels = channels_of(info.shape, space);
  if (k >= 0 && (none || k >= channels))
    throw noneq::error(
        c10::str("got ", k, " for samples of shape ", noneq::to_string(info.shape), ", need ",
                 none ? std::string("-1: they have no channels") : c10::str("-1 for all, or 0 to ", channels - 1)),
        "channel");
}

}
