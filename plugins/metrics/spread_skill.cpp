// The spread of an ensemble beside the error of its mean (Fortin et al. 2014): √(mean variance · (M+1)/M) over the root
// mean square error of the mean is 1 where truth and members are exchangeable.
#include "verifying.hpp"

namespace {

using noneq::Tensor;

struct spread_skill : noneq::verification {
  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;
  void check_members(std::int64_t members) const override { shipped::need_members(members, 2, "spread_skill"); }

  static void describe(noneq::description<spread_skill>& d) {
    d.doc(
         "The spread of the members, √(mean variance · (K+1)/K), beside the root mean square error of their mean, in "
         "data units, and the ratio, 1 where spread and error agree; over rows and observed places, for each channel, "
         "as maps, and as the error over places of equal spread. Needs two members a row.")
        .writes("spread", "float64 [b]: spread of the places in a bin, bins a factor √2 wide", noneq::extent::axis)
        .writes("error", "float64 [b]: root mean square error of the mean there", noneq::extent::per_step)
        .writes("error_stderr", "float64 [b]: its standard error; NaN where one row alone had this spread",
                noneq::extent::per_step)
        .writes("ideal", "float64 [b]: an error that equals the spread", noneq::extent::per_step)
        .writes("spread_map", "float32 [1, …]: spread of each place; NaN where it was never observed",
                noneq::extent::like_samples)
        .writes("error_map", "float32 [1, …]: root mean square error of the mean", noneq::extent::like_samples);
  }
};

class spread_skill_sinking : public shipped::verifying_sinking {
 public:
  explicit spread_skill_sinking(const noneq::comparison& c) : verifying_sinking(c, 2, "spread_skill") {}

 private:
  // Bins of log₂ of the variance, from 2⁻¹²⁰ to 2¹²⁰; what lies beyond is in the first and the last.
  static constexpr std::int64_t middle = 120, bins = 2 * middle + 1;

  numbers of_row(const shipped::verified_row& row) const override {
    const auto M = static_cast<double>(row.members());
    const Tensor variance = row.x.var(0) * ((M + 1) / M), error = (row.x.mean(0) - row.y).square();
    const Tensor bin = (variance.log2().floor().clamp(-middle, middle) + middle).to(at::kLong).flatten();
    const auto binned = [&](const Tensor& t) { return at::bincount(bin, t.flatten(), bins); };
    const Tensor v = variance * row.observed, e = error * row.observed;
    return {{"variance", v},
            {"error", e},
            {"observed", row.observed},
            {"variance_bins", binned(v)},
            {"error_bins", binned(e)},
            {"bins", binned(row.observed)}};
  }

  void add_row(const numbers& of_row) override {
    const Tensor &v = of_row.at("variance"), &e = of_row.at("error"), &w = of_row.at("observed");
    spread_map_.add(v, w);
    error_map_.add(e, w);
    const Tensor variance = shipped::total_and_channels(v), error = shipped::total_and_channels(e),
                 observed = shipped::total_and_channels(w);
    spread_.add(variance, observed);
    error_.add(error, observed);
    ratio_.add(variance, error);
    spread_bins_.add(of_row.at("variance_bins"), of_row.at("bins"));
    error_bins_.add(of_row.at("error_bins"), of_row.at("bins"));
  }

  noneq::outcome found() const override {
    noneq::outcome out;
    record_all(out, "spread", spread_, true);
    record_all(out, "error_of_mean", error_, true);
    if (error_.mean_a()[0].item<double>() == 0)
      throw noneq::error("got members whose mean is the truth everywhere, need an error to compare the spread with");
    record_all(out, "spread_skill", ratio_, true);
    const Tensor there = error_bins_.mean_b().gt(0).nonzero().squeeze(1);
    const auto in_bins = [&](const Tensor& t) { return t.index_select(0, there); };
    const Tensor spread = in_bins(spread_bins_.value()).sqrt();
    const shipped::with_errors error = shipped::root_of(error_bins_.value_and_error());
    out.arrays.set("spread", spread);
    out.arrays.set("error", in_bins(error.value));
    out.arrays.set("error_stderr", in_bins(error.error));
    out.arrays.set("ideal", spread.clone());
    out.arrays.set("spread_map", spread_map_.value().sqrt().unsqueeze(0).to(at::kFloat));
    out.arrays.set("error_map", error_map_.value().sqrt().unsqueeze(0).to(at::kFloat));
    return out;
  }

  shipped::ratio_of_sums spread_map_, error_map_, spread_, error_, ratio_, spread_bins_, error_bins_;
};

std::unique_ptr<noneq::sinking> spread_skill::compare(const noneq::comparison& c) const {
  return std::make_unique<spread_skill_sinking>(c);
}

}

NONEQ_PLUGIN(spread_skill);
