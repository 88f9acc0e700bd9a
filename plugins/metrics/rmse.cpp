// The root mean square error of the mean of the members.
#include <cmath>

#include "place_scores.hpp"

namespace {

struct rmse : noneq::verification {
  double peak = 0;

  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;

  static void describe(noneq::description<rmse>& d) {
    d.doc(
        "The root mean square error of the mean of the members, or of the only sample of each row, against its truth, "
        "in data units: over rows and observed places, for each channel, and as a map.");
    d.param("peak", &rmse::peak,
            "largest possible value, for the record psnr, the peak signal-to-noise ratio 20 log10(peak/rmse) in dB; 0: "
            "none",
            noneq::at_least(0));
    shipped::describe_places(d, "rmse");
  }
};

struct rmse_sinking : shipped::place_score_sinking {
  rmse_sinking(const rmse& of, const noneq::comparison& c) : place_score_sinking(c, 1, "rmse", true), peak_(of.peak) {}
  noneq::Tensor score_of(const shipped::verified_row& row) const override { return (row.x.mean(0) - row.y).square(); }

  void add_records(noneq::outcome& out) const override {
    const noneq::measured all = out.records.front();
    if (peak_ == 0 || !(all.value > 0)) return;
    const double error = 20 / std::log(10.) * all.standard_error / all.value;
    out.records.push_back({"psnr", 20 * std::log10(peak_ / all.value), "dB", error, all.on, all.n});
  }

 private:
  const double peak_;
};

std::unique_ptr<noneq::sinking> rmse::compare(const noneq::comparison& c) const {
  return std::make_unique<rmse_sinking>(*this, c);
}

}

NONEQ_PLUGIN(rmse);
