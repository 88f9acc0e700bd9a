// Brings data to mean 0 and variance 1, by the mean and variance of the rows that are trained on.
#include "affine.hpp"
#include "noneq/core/moments.hpp"

namespace {

using noneq::error;
using noneq::sizes;
using noneq::Tensor;

// Positions that never vary have no scale of their own. They get that of the other positions of their channel, so that
// a model's numbers there are as exact as their neighbours, or else their own size.
Tensor scale_of_constant(const Tensor& mean, const Tensor& variance, const Tensor& varies) {
  const Tensor own = at::where(mean == 0, at::ones_like(mean), mean.abs());
  if (mean.dim() < 2) return own;
  const Tensor count = varies.to(at::kDouble).flatten(1).sum(1);
  const Tensor beside = (variance.masked_fill(varies.logical_not(), 0).flatten(1).sum(1) / count).sqrt();
  sizes by_channel(static_cast<std::size_t>(mean.dim()), 1);
  by_channel[0] = mean.size(0);
  return at::where((count > 0).view(by_channel), beside.view(by_channel), own);
}

struct standardise : noneq::transform {
  std::string per = "all";
  std::int64_t rows = 0;

  bool learns() const override { return true; }
  std::int64_t rows_to_learn_from() const override { return rows; }

  void look(const noneq::batch& b, const noneq::transform_context& c) override {
    if (!seen_) seen_.emplace(scale_of()), looked_at_ = 0;
    const Tensor& x = b.at("x0");
    seen_->add(x);
    looked_at_ += b.size();
    if (seen_->finite()) return;
    const Tensor row = shipped::numbers_of_rows(b, c);
    shipped::refuse_infinite(x, row, c.of, shipped::missing_numbers::kept);
    throw error(c10::str(shipped::begin_of(c.of), "has numbers near rows ", row[0].item<std::int64_t>(), " … ",
                         row[-1].item<std::int64_t>(), " whose squares overflow, need smaller ones"));
  }

  // Throws noneq::error for numbers that do not vary anywhere.
  void learned(const noneq::dataset_info& before) override {
    const auto seen = std::exchange(seen_, std::nullopt);
    const std::string where = shipped::begin_of(before.name_of("train"));
    if (!seen) throw error(where + "has no rows to learn a mean and variance from, need some");
    if (!seen->count().gt(0).any().item<bool>())
      throw error(where + "has no observed number to learn a mean and variance from, need some");
    sizes shape = per == "all" ? sizes{} : before.shape;
    if (per == "channel") std::fill(shape.begin() + 1, shape.end(), 1);
    const Tensor mean = seen->mean().reshape(shape), variance = seen->variance().reshape(shape);
    const Tensor varies = variance > 1e-24 * mean.square();  // more than rounding leaves
    if (!varies.any().item<bool>())
      throw error(
          c10::str(where, "is ", mean.flatten()[0].item<double>(), " ",
                   looked_at_ < before.count ? c10::str("in all of the ", looked_at_, " rows looked at") : "everywhere",
                   shape.empty() ? "" : ", or as constant as this at each position",
                   ", need numbers that vary, or none of transform.standardise"));
    shift_ = mean.clone();
    scale_ = at::where(varies, variance.sqrt(), scale_of_constant(mean, variance, varies));
    constant_ = varies.logical_not().sum().item<std::int64_t>();
  }

  void state(const noneq::state_visitor& visit) override {
    visit("shift", shift_);
    visit("scale", scale_);
  }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    info.numbers = shipped::exact_type(info.numbers);
    info.bin_width = 0;
    if (!shift_.defined()) return info;
    if (!at::is_expandable_to(shift_.sizes(), info.shape))
      throw error(c10::str("got samples ", noneq::to_string(info.shape), ", need ",
                           noneq::to_string(shift_.sizes().vec()), " as in the data the model was trained with"));
    info.normal = info.normal.then(shift_, scale_);
    if (constant_ > 0)
      info.notes.push_back(c10::str(shipped::begin_of(info.name_of("train")), "is constant at ", constant_, " of ",
                                    scale_.numel(), per == "channel" ? " channels" : " positions",
                                    ", which are scaled as those beside them"));
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    if (!shift_.defined()) throw error("has learned no mean and variance yet");
    const Tensor x = b.at("x0"), y = shipped::shifted_and_scaled(x, shift_, scale_);
    if (x.is_floating_point())
      shipped::refuse_infinite(y, shipped::numbers_of_rows(b, c), c.of, shipped::missing_numbers::kept);
    b.set("x0", y);
    return b;
  }

  static void describe(noneq::description<standardise>& d) {
    d.doc(
         "Brings data to mean 0 and variance 1. Mean and variance are learned from the rows to train on and are stored "
         "with the model; samples come out in the units from before. Missing numbers (NaN) are left out and stay.")
        .param("per", &standardise::per,
               "one mean and scale for all numbers, one for each channel (the first dimension of a sample), or one for "
               "each position of a sample",
               noneq::one_of({"all", "channel", "dim"}))
        .param("rows", &standardise::rows,
               "rows that mean and variance are taken from, spread evenly over the data; 0: all of up to 1 GiB, and 1 "
               "GiB (10,000 rows at least) of more",
               noneq::at_least(0));
  }

 private:
  noneq::one_scale scale_of() const {
    static const std::map<std::string, noneq::one_scale> scales{{"all", noneq::one_scale::for_all},
                                                                {"channel", noneq::one_scale::per_channel},
                                                                {"dim", noneq::one_scale::per_position}};
    return scales.at(per);
  }

  Tensor shift_, scale_;       // float64; undefined until learned
  std::int64_t constant_ = 0;  // channels or positions without variance
  std::optional<noneq::moments> seen_;
  std::int64_t looked_at_ = 0;  // rows
};

}

NONEQ_PLUGIN(standardise);
