// Histograms of two tensors beside each other, as of the scores of usual and of unusual rows.
#include <algorithm>
#include <cmath>

#include "verifying.hpp"

namespace {

using noneq::Tensor;

struct histogram : noneq::verification {
  std::int64_t bins = 50;
  double tails = 0;

  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;

  static void describe(noneq::description<histogram>& d) {
    d.doc(
         "Histograms of `samples` and of `truth`, one number a row each, in equal bins from the smallest to the "
         "largest; and how well a threshold tells one from the other: the area under the curve of true against false "
         "alarms, which is 0.5 where they are alike and 1 where all samples are larger. Rows whose truth was not "
         "observed are left out.")
        .param("bins", &histogram::bins, "number of bins", noneq::between(2, 10'000))
        .param("tails", &histogram::tails,
               "share of all numbers, half of it on either side, that lies beyond the bins and is counted in the first "
               "and the last of them",
               noneq::limits{.low = 0, .high = 1, .high_open = true, .choices = {}})
        .writes("value", "float64 [bins]: middle of each bin", noneq::extent::axis)
        .writes("of_samples", "float64 [bins]: rows whose number lies in it", noneq::extent::per_step)
        .writes("of_truth", "float64 [bins]: likewise, of the truth", noneq::extent::per_step);
  }
};

class histogram_sinking : public noneq::sinking {
 public:
  histogram_sinking(const histogram& of, const noneq::comparison& c) : of_(of), part_(c.part) {}

  noneq::batch map(noneq::batch b) const override {
    const std::int64_t rows = b.at("samples").size(0);
    for (const char* name : {"samples", "truth"})
      if (b.at(name).numel() != rows)
        throw noneq::error(c10::str("got ", name, " ", noneq::to_string(b.at(name).sizes().vec()), " of ", rows,
                                    " rows, need one number a row"));
    const Tensor seen = (shipped::observed_of(b, b.at("truth")) > 0).flatten();
    const auto numbers = [&](const char* name) {
      return at::where(seen, b.at(name).flatten().to(at::kDouble), 0.).unsqueeze(1);
    };
    const Tensor x = numbers("samples"), y = numbers("truth");
    shipped::need_finite(x, y, b.first);
    return {
        b.step, b.first, {{"samples", x.squeeze(1).masked_select(seen)}, {"truth", y.squeeze(1).masked_select(seen)}}};
  }

  void add(const noneq::batch& mapped) override {
    samples_.push_back(mapped.at("samples"));
    truth_.push_back(mapped.at("truth"));
  }

  noneq::outcome finish() override {
    if (samples_.empty()) throw noneq::error("got no rows to measure, need at least one");
    const Tensor x = at::cat(samples_), y = at::cat(truth_);
    if (x.numel() == 0) throw noneq::error("got rows of which no number was observed, need some that were");
    const Tensor all = std::get<0>(at::cat({x, y}).sort());
    const std::int64_t bins = of_.bins, last = all.size(0) - 1,
                       beyond =
                           std::min(last / 2, static_cast<std::int64_t>(of_.tails / 2 * static_cast<double>(last)));
    const double low = all[beyond].item<double>(), high = all[last - beyond].item<double>(),
                 width = (high > low ? high - low : 1) / static_cast<double>(bins);
    const auto counts = [&](const Tensor& of) {
      const Tensor bin = ((of - low) / width).floor().clamp(0, static_cast<double>(bins - 1)).to(at::kLong);
      return at::bincount(bin, {}, bins).to(at::kDouble);
    };
    noneq::outcome out;
    out.arrays.set("value", low + width * (at::arange(bins, at::kDouble) + 0.5));
    out.arrays.set("of_samples", counts(x));
    out.arrays.set("of_truth", counts(y));
    const std::int64_t n = x.size(0);
    for (const auto& [name, of] : {std::pair{"samples", x}, std::pair{"truth", y}})
      out.records.push_back({c10::str("mean_of_", name), of.mean().item<double>(), "",
                             n > 1 ? of.std().item<double>() / std::sqrt(static_cast<double>(n)) : NAN, part_, n});
    out.records.push_back(area(x, y));
    return out;
  }

 private:
  // P(sample > truth) + P(equal)/2, the statistic of Mann and Whitney, with the error of DeLong et al. 1988. Sample and
  // truth of one row may depend on each other, so their parts of the error are taken together, row by row.
  noneq::measured area(const Tensor& x, const Tensor& y) const {
    const Tensor sorted_x = std::get<0>(x.sort()), sorted_y = std::get<0>(y.sort());
    const auto below = [](const Tensor& of, const Tensor& among) {
      const Tensor less = at::searchsorted(among, of, false, false), at_most = at::searchsorted(among, of, false, true);
      return (less + at_most).to(at::kDouble) / (2 * static_cast<double>(among.size(0)));
    };
    const Tensor of_x = below(x, sorted_y), of_y = below(y, sorted_x);
    const auto n = static_cast<double>(x.size(0));
    const double error = n > 1 ? std::sqrt((of_x - of_y).var().item<double>() / n) : NAN;
    return {"area_under_curve", of_x.mean().item<double>(), "", error, part_, x.size(0)};
  }

  const histogram of_;
  const std::string part_;
  std::vector<Tensor> samples_, truth_;
};

std::unique_ptr<noneq::sinking> histogram::compare(const noneq::comparison& c) const {
  return std::make_unique<histogram_sinking>(*this, c);
}

}

NONEQ_PLUGIN(histogram);
