// How often the truth exceeds a threshold where so many members do, and the Brier score with its decomposition (Murphy
// 1973): reliability − resolution + uncertainty, exact because every share of members is a class of its own.
#include <set>

#include "verifying.hpp"

namespace {

using noneq::Tensor;

struct reliability : noneq::verification {
  std::vector<double> thresholds;
  std::int64_t channel = -1;

  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;
  void check_data(const noneq::dataset_info& info) const override { shipped::need_channel(info, channel); }
  void check() const override {
    if (thresholds.empty()) throw noneq::error("got none, need at least one number in data units", "thresholds");
    std::set<std::string> texts;
    for (const double threshold : thresholds)
      if (const std::string text = c10::str(threshold); !texts.insert(text).second)
        throw noneq::error("got two that read " + text + " in the names of records, need numbers that read differently",
                           "thresholds");
  }

  static void describe(noneq::description<reliability>& d) {
    d.doc(
         "The share of rows and observed places whose truth exceeds a threshold, for each share of members that do: "
         "the diagonal where forecasts of the event are calibrated. Records are the Brier score of each threshold, 0 "
         "at best, and its reliability, resolution and uncertainty; only the score has an error. Chance adds Σ o(1 − "
         "o)/N to "
         "the reliability, a sum over the K+1 probabilities with the share o of events at each, for N independent "
         "forecasts, and about as much to the resolution.")
        .param("thresholds", &reliability::thresholds, "numbers in data units", noneq::required())
        .param("channel", &reliability::channel, "the channel to look at; -1: all", noneq::at_least(-1))
        .writes("probability", "float64 [K+1]: share of the members above a threshold", noneq::extent::axis)
        .writes("observed",
                "float64 [K+1]: share of the truth above it there, over all thresholds; NaN where no forecast had "
                "this probability",
                noneq::extent::per_step)
        .writes("observed_stderr", "float64 [K+1]: its standard error", noneq::extent::per_step)
        .writes("forecasts", "float64 [K+1]: share of the forecasts that have this probability",
                noneq::extent::per_step)
        .writes("ideal", "float64 [K+1]: the diagonal", noneq::extent::per_step)
        .writes("observed_of_thresholds", "float64 [thresholds, K+1]: for each threshold alone");
  }
};

class reliability_sinking : public shipped::verifying_sinking {
 public:
  reliability_sinking(const reliability& of, const noneq::comparison& c)
      : verifying_sinking(c, 1, "reliability"), of_(of) {}

 private:
  numbers of_row(const shipped::verified_row& row) const override {
    const Tensor x = shipped::channel_of(row.x, of_.channel, 1).flatten(1),
                 y = shipped::channel_of(row.y, of_.channel).flatten(),
                 w = shipped::channel_of(row.observed, of_.channel).flatten();
    std::vector<Tensor> forecasts, events, brier;
    for (const double threshold : of_.thresholds) {
      const Tensor above = x.gt(threshold).sum(0), event = y.gt(threshold).to(at::kDouble) * w;
      forecasts.push_back(at::bincount(above, w, row.members() + 1));
      events.push_back(at::bincount(above, event, row.members() + 1));
      const Tensor probability = above.to(at::kDouble) / static_cast<double>(row.members());
      brier.push_back((w * (probability - event).square()).sum());
    }
    return {{"forecasts", at::stack(forecasts)}, {"events", at::stack(events)}, {"brier", at::stack(brier)}};
  }

  void add_row(const numbers& of_row) override {
    const Tensor &forecasts = of_row.at("forecasts"), &events = of_row.at("events"), places = forecasts.sum(1);
    observed_.add(events, forecasts);
    together_.add(events.sum(0), forecasts.sum(0));
    brier_.add(of_row.at("brier"), places);
  }

  noneq::outcome found() const override {
    if (!(brier_.mean_b()[0].item<double>() > 0))
      throw noneq::error("got rows of which no number was observed, need some that were");
    noneq::outcome out;
    const Tensor probability = at::arange(members_ + 1, at::kDouble) / static_cast<double>(members_);
    for (std::size_t k = 0; k < of_.thresholds.size(); ++k) {
      const auto at = static_cast<std::int64_t>(k);
      const Tensor share = observed_.mean_b()[at] / observed_.mean_b()[at].sum(),
                   observed = observed_.value()[at].nan_to_num(0);
      const double base = (share * observed).sum().item<double>();
      const auto part = [&](const char* name, double value) {
        record(out, c10::str(name, "_above_", of_.thresholds[k]), value, brier_.observed()[at]);
      };
      record(out, c10::str("brier_above_", of_.thresholds[k]), brier_, at);
      part("reliability", (share * (probability - observed).square()).sum().item<double>());
      part("resolution", (share * (observed - base).square()).sum().item<double>());
      part("uncertainty", base * (1 - base));
    }
    out.arrays.set("probability", probability);
    out.arrays.set("observed", together_.value());
    out.arrays.set("observed_stderr", together_.standard_error());
    out.arrays.set("forecasts", together_.mean_b() / together_.mean_b().sum());
    out.arrays.set("ideal", probability.clone());
    out.arrays.set("observed_of_thresholds", observed_.value());
    return out;
  }

  const reliability& of_;
  shipped::ratio_of_sums observed_, together_, brier_;
};

std::unique_ptr<noneq::sinking> reliability::compare(const noneq::comparison& c) const {
  return std::make_unique<reliability_sinking>(*this, c);
}

}

NONEQ_PLUGIN(reliability);
