// The mean of members minus truth.
#include "place_scores.hpp"

namespace {

struct bias : noneq::verification {
  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;

  static void describe(noneq::description<bias>& d) {
    d.doc(
        "The mean of the members, or of the only sample of each row, minus its truth, in data units: over rows and "
        "observed places, for each channel, and as a map.");
    shipped::describe_places(d, "bias");
  }
};

struct bias_sinking : shipped::place_score_sinking {
  explicit bias_sinking(const noneq::comparison& c) : place_score_sinking(c, 1, "bias") {}
  noneq::Tensor score_of(const shipped::verified_row& row) const override { return row.x.mean(0) - row.y; }
};

std::unique_ptr<noneq::sinking> bias::compare(const noneq::comparison& c) const {
  return std::make_unique<bias_sinking>(c);
}

}

NONEQ_PLUGIN(bias);
