// Scores that every place of a sample has, such as the error of the mean: of all, of channels, and as maps.
#pragma once

#include "verifying.hpp"

namespace shipped {

// A sink for scores that every place has: their mean over all places, that of each channel, and a map of the means over
// the rows.
class place_score_sinking : public verifying_sinking {
 public:
  // `root`: the score is the root of the means.
  place_score_sinking(const noneq::comparison& c, std::int64_t least_members, const char* score, bool root = false)
      : verifying_sinking(c, least_members, score), name_(score), root_(root) {}

 protected:
  // Returns the score of each place of a row, float64 […].
  virtual noneq::Tensor score_of(const verified_row& row) const = 0;
  // Adds records that follow from that of all places, which is the first of the outcome.
  virtual void add_records(noneq::outcome&) const {}

  numbers of_row(const verified_row& row) const final {
    return {{"score", score_of(row) * row.observed}, {"observed", row.observed}};
  }

  void add_row(const numbers& of_row) final {
    const noneq::Tensor &score = of_row.at("score"), &observed = of_row.at("observed");
    map_.add(score, observed);
    means_.add(total_and_channels(score), total_and_channels(observed));
  }

  noneq::outcome found() const final {
    noneq::outcome out;
    record_all(out, name_, means_, root_);
    add_records(out);
    const with_errors map = result_of(map_), all = result_of(means_);
    out.arrays.set(name_ + "_map", map.value.unsqueeze(0).to(at::kFloat));
    out.arrays.set(name_ + "_map_stderr", map.error.unsqueeze(0).to(at::kFloat));
    const std::int64_t begin = all.value.size(0) > 1 ? 1 : 0;  // one channel is all there is
    out.arrays.set("channel", at::arange(all.value.size(0) - begin, at::kDouble));
    out.arrays.set(name_ + "_of_channel", all.value.slice(0, begin));
    out.arrays.set(name_ + "_of_channel_stderr", all.error.slice(0, begin));
    return out;
  }

 private:
  with_errors result_of(const ratio_of_sums& r) const {
    return root_ ? root_of(r.value_and_error()) : r.value_and_error();
  }

  const std::string name_;
  const bool root_;
  ratio_of_sums map_, means_;
};

// Declares the arrays of a place_score_sinking.
template <class P>
void describe_places(noneq::description<P>& d, const std::string& name) {
  d.writes(name + "_map", "float32 [1, …]: of each place of a sample; NaN where it was never observed",
           noneq::extent::like_samples)
      .writes(name + "_map_stderr", "float32 [1, …]: its standard errors; NaN where one row alone was observed",
              noneq::extent::like_samples)
      .writes("channel", "float64 [C]: numbers of the channels; 0 where samples have none", noneq::extent::axis)
      .writes(name + "_of_channel", "float64 [C]: of each channel", noneq::extent::per_step)
      .writes(name + "_of_channel_stderr", "float64 [C]: its standard error", noneq::extent::per_step);
}

}
