// The energy score of an ensemble of vectors (Gneiting & Raftery 2007), in its fair form: the continuous ranked
// probability score with norms in place of absolute values.
#include "verifying.hpp"

namespace {

using noneq::Tensor;

struct energy_score : noneq::verification {
  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;
  void check_members(std::int64_t members) const override { shipped::need_members(members, 2, "energy_score"); }

  static void describe(noneq::description<energy_score>& d) {
    d.doc(
        "The fair energy score of the members of each row against its truth: the mean distance to the truth minus "
        "half of that between members, as vectors of all observed places in data units; 0 is best. Channels of a "
        "larger scale outweigh the others, so each has a score of its own too. Needs two members a row.");
  }
};

class energy_score_sinking : public shipped::verifying_sinking {
 public:
  explicit energy_score_sinking(const noneq::comparison& c) : verifying_sinking(c, 2, "energy_score") {}

 private:
  static Tensor score_of(const Tensor& away) {
    const auto M = static_cast<double>(away.size(0));
    const Tensor flat = away.flatten(1).contiguous();
    return flat.norm(2, 1).mean() - at::pdist(flat).sum() / (M * (M - 1));
  }

  // A row counts where any number of it was observed.
  numbers of_row(const shipped::verified_row& row) const override {
    const Tensor away = (row.x - row.y) * row.observed,
                 counts = shipped::total_and_channels(row.observed).gt(0).to(at::kDouble);
    std::vector<Tensor> scores{score_of(away)};
    for (std::int64_t k = 0; k + 1 < counts.size(0); ++k) scores.push_back(score_of(away.select(1, k)));
    return {{"score", at::stack(scores) * counts}, {"counts", counts}};
  }
  void add_row(const numbers& of_row) override { means_.add(of_row.at("score"), of_row.at("counts")); }
  noneq::outcome found() const override {
    noneq::outcome out;
    record_all(out, "energy_score", means_);
    return out;
  }

  shipped::ratio_of_sums means_;
};

std::unique_ptr<noneq::sinking> energy_score::compare(const noneq::comparison& c) const {
  return std::make_unique<energy_score_sinking>(c);
}

}

NONEQ_PLUGIN(energy_score);
