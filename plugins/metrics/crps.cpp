// The continuous ranked probability score of an ensemble, in its fair form (Ferro 2014), whose expectation does not
// depend on the number of members: mean|X_i − y| − Σ_ij|X_i − X_j| / (2M(M−1)).
#include "place_scores.hpp"

namespace {

using noneq::Tensor;

struct crps : noneq::verification {
  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;
  void check_members(std::int64_t members) const override { shipped::need_members(members, 2, "crps"); }

  static void describe(noneq::description<crps>& d) {
    d.doc(
        "The fair continuous ranked probability score of the members of each row against its truth, in data units; 0 "
        "is best. Mean over rows and observed places, for each channel, and as a map. Needs two members a row.");
    shipped::describe_places(d, "crps");
  }
};

struct crps_sinking : shipped::place_score_sinking {
  explicit crps_sinking(const noneq::comparison& c) : place_score_sinking(c, 2, "crps") {}

  // With the members sorted, Σ_{i<j}|X_i − X_j| = Σ_k (2k + 1 − M) X_(k), k = 0 … M − 1.
  Tensor score_of(const shipped::verified_row& row) const override {
    const auto M = static_cast<double>(row.members());
    const Tensor away = row.x - row.y, sorted = std::get<0>(away.sort(0));
    noneq::sizes shape(static_cast<std::size_t>(away.dim()), 1);
    shape[0] = row.members();
    const Tensor factor = (2 * at::arange(row.members(), at::kDouble) + 1 - M).view(shape);
    return away.abs().mean(0) - (factor * sorted).sum(0) / (M * (M - 1));
  }
};

std::unique_ptr<noneq::sinking> crps::compare(const noneq::comparison& c) const {
  return std::make_unique<crps_sinking>(c);
}

}

NONEQ_PLUGIN(crps);
