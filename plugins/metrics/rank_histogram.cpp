// The rank of the truth among the members (Talagrand; Hamill 2001), uniform on 0 … M where truth and members are
// exchangeable: a U for an ensemble that is too narrow, a hill for one that is too wide, a slope for a bias.
#include "verifying.hpp"

namespace {

using noneq::Tensor;

struct rank_histogram : noneq::verification {
  std::unique_ptr<noneq::sinking> compare(const noneq::comparison& c) const override;
  void check_data(const noneq::dataset_info& info) const override {
    std::int64_t most = 0;
    for (const auto& [_, rows] : info.parts) most = std::max(most, rows);
    if (!info.parts.empty()) need_rows(most);
  }
  // Throws noneq::error when there are too few.
  static void need_rows(std::int64_t rows) {
    if (rows < 2)
      throw noneq::error(
          c10::str("got ", rows, rows == 1 ? " row" : " rows", ", need at least 2 to know how ranks vary"));
  }

  static void describe(noneq::description<rank_histogram>& d) {
    d.doc(
         "How often the truth has each rank among the members, over rows and observed places, ties at random; χ² "
         "against equal shares, with its degrees of freedom and p value. Places of a row are not independent, so χ² "
         "and its degrees are corrected for the design effects of the rows (Rao & Scott 1981, second order): "
         "Pearson's where rows have one place. Of the records only rank_ends, the share of the first and the last rank "
         "over that of flat ranks, has an error. Needs two rows.")
        .writes("rank", "float64 [K+1]: 0 to K, the number of members below the truth", noneq::extent::axis)
        .writes("share", "float64 [K+1]: of the places whose truth has this rank", noneq::extent::per_step)
        .writes("share_stderr", "float64 [K+1]: its standard error", noneq::extent::per_step)
        .writes("flat", "float64 [K+1]: the share under exchangeable members, 1/(K+1)", noneq::extent::per_step);
  }
};

class rank_histogram_sinking : public shipped::verifying_sinking {
 public:
  explicit rank_histogram_sinking(const noneq::comparison& c)
      : verifying_sinking(c, 1, "rank_histogram"), ties_(c.stream.fork("ties")) {}

 private:
  numbers of_row(const shipped::verified_row& row) const override {
    const Tensor y = row.y.flatten(), x = row.x.flatten(1), below = x.lt(y).sum(0), equal = x.eq(y).sum(0);
    const Tensor at_random = ties_.uniform({1, y.size(0)}, row.number)[0].to(at::kDouble);
    const Tensor among = at::minimum((at_random * (equal + 1)).floor().to(at::kLong), equal);
    return {{"counts", at::bincount(below + among, row.observed.flatten(), row.members() + 1)}};
  }

  void add_row(const numbers& of_row) override {
    const Tensor &counts = of_row.at("counts"), places = counts.sum();
    const auto sum = [&](Tensor& into, const Tensor& more) { into = into.defined() ? into + more : more; };
    sum(squares_, counts.outer(counts));
    sum(with_places_, counts * places);
    sum(places_, places * places);
    shares_.add(counts, places.expand_as(counts));
    const Tensor ends = counts[0] + counts[-1];
    ends_.add(ends.view({1}), (2 * counts.mean()).view({1}));
  }

  noneq::outcome found() const override {
    if (!(shares_.mean_b()[0].item<double>() > 0))
      throw noneq::error("got rows of which no number was observed, need some that were");
    const Tensor rows = shares_.observed()[0];
    rank_histogram::need_rows(rows.item<std::int64_t>());
    const Tensor share = shares_.value(), error = shares_.standard_error();
    const design_effects effects = effects_of_rows(share);
    const double places = n() * shares_.mean_b()[0].item<double>(), flat = 1 / static_cast<double>(share.size(0)),
                 pearson = places * (share - flat).square().sum().item<double>() / flat;
    const double freedom = effects.cells / (1 + effects.variation),
                 chi_square = pearson / effects.mean * freedom / effects.cells;
    const Tensor p = at::igammac(at::full({}, freedom / 2, at::kDouble), at::full({}, chi_square / 2, at::kDouble));
    noneq::outcome out;
    record(out, "rank_chi_square", chi_square, rows);
    record(out, "rank_degrees_of_freedom", freedom, rows);
    record(out, "rank_p_value", p.item<double>(), rows);
    record(out, "rank_design_effect", effects.mean, rows);
    record(out, "rank_ends", ends_, 0);
    out.arrays.set("rank", at::arange(share.size(0), at::kDouble));
    out.arrays.set("share", share);
    out.arrays.set("share_stderr", error);
    out.arrays.set("flat", at::full_like(share, flat));
    return out;
  }

  // By how much the places of a row are worth less than independent ones, in each direction in which shares may vary:
  // the eigenvalues of the shares' covariance, times the inverse of that of independent places.
  struct design_effects {
    double cells, mean, variation;  // directions, mean of the effects, and the variance of them over its square
  };

  design_effects effects_of_rows(const Tensor& share) const {
    const double places = n() * shares_.mean_b()[0].item<double>();
    const Tensor crossed = share.outer(with_places_),
                 covariance = (squares_ - crossed - crossed.t() + share.outer(share) * places_) / (places * places);
    const Tensor inverse = at::where(share > 0, 1 / share, at::zeros({}, at::kDouble));
    const double cells = share.gt(0).sum().item<double>() - 1,
                 sum = places * (covariance.diag() * inverse).sum().item<double>(),
                 squares = places * places * (covariance.square() * inverse.outer(inverse)).sum().item<double>();
    if (!(cells > 0) || !(sum > 0))  // one rank only, or equal shares in all rows: all places of a row are one
      return {static_cast<double>(share.size(0) - 1), places / n(), 0};
    return {cells, sum / cells, std::max(0., cells * squares / (sum * sum) - 1)};
  }

  double n() const { return static_cast<double>(rows_); }

  const noneq::stream ties_;
  Tensor squares_, with_places_, places_;  // Σ c cᵀ, Σ c D and Σ D² over rows of c counts of D places
  shipped::ratio_of_sums shares_, ends_;   // ends: the share of the first and the last rank, over that of flat ranks
};

std::unique_ptr<noneq::sinking> rank_histogram::compare(const noneq::comparison& c) const {
  return std::make_unique<rank_histogram_sinking>(c);
}

}

NONEQ_PLUGIN(rank_histogram);
