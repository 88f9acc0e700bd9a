// A sampler whose x̂⁰ can be changed at every step: guides move it, and it is held within limits, by cutting off or by
// dynamic thresholding, which cuts at a quantile of each sample's own numbers and scales them back (Saharia et al.
// 2022, §2.3). Const use is thread-safe.
#pragma once

#include "guided.hpp"
#include "noneq/plugin.hpp"

namespace shipped {

struct clipped_sampler : noneq::sampler {
  noneq::parts<noneq::guide> guides;
  bool clip = false;
  double clip_low = -1, clip_high = 1, clip_quantile = 0;

  // Returns x̂⁰ [n, …] as the sampler shall go on with it.
  noneq::Tensor clipped(const noneq::Tensor& x0) const {
    if (!clip) return x0;
    if (clip_quantile == 0) return x0.clamp(clip_low, clip_high);
    const double centre = (clip_low + clip_high) / 2, reach = (clip_high - clip_low) / 2;
    const noneq::Tensor from_centre = (x0 - centre).flatten(1);
    const auto size = static_cast<double>(from_centre.size(1));
    const auto rank = static_cast<std::int64_t>(std::ceil(clip_quantile * size));
    const noneq::Tensor limit = std::get<0>(from_centre.abs().kthvalue(rank, 1, true)).clamp_min(reach);
    return (centre + from_centre.clamp(-limit, limit) * (reach / limit)).view_as(x0);
  }

  std::vector<std::string> reads() const override {
    std::vector<std::string> all = noneq::sampler::reads();
    for (const noneq::guide* g : guides.all())
      for (std::string& name : g->reads()) all.push_back(std::move(name));
    return all;
  }

  // Returns whether it draws reverse steps p(x^{t−1}|x^t), which can be multiplied and taken again.
  virtual bool draws_steps() const { return false; }

  void check() const override {
    for (const noneq::guide* g : guides.all()) {
      if (draws_steps()) break;
      if (g->multiplies_steps())
        throw noneq::error(
            "guides got one in mode paper, need exact: it multiplies reverse distributions, which this sampler "
            "does not draw from; sampler.ancestral does");
      if (g->draws_of_step() > 1)
        throw noneq::error(c10::str("guides got one that draws every step ", g->draws_of_step(),
                                    " times, need one that does so once: this sampler takes no step again; "
                                    "sampler.ancestral does"));
    }
    if (!(clip_low < clip_high))
      throw noneq::error(c10::str("clip_low got ", clip_low, ", need less than clip_high, which is ", clip_high));
    if (clip_quantile > 0 && !clip)
      throw noneq::error(c10::str("clip_quantile got ", clip_quantile, " without clip, need clip: true"));
  }

  void check_request(const noneq::process& p, const noneq::sampling_request& r) const override {
    guided(guides.all(), p, r);
  }

  template <class P>
  static void describe_clip(noneq::description<P>& d) {
    d.param("guides", &P::guides, "factors r(x) on what is drawn: observations, known values, classes");
    d.param("clip", &P::clip, "keep x̂⁰ within clip_low … clip_high at every step (Gaussian kernel)")
        .param("clip_low", &P::clip_low, "least x̂⁰, in normalised units")
        .param("clip_high", &P::clip_high, "largest x̂⁰, in normalised units")
        .param("clip_quantile", &P::clip_quantile,
               "dynamic thresholding: where this share of a sample's numbers reaches beyond the limits, cut there and "
               "scale back into them; 0: cut at the limits",
               noneq::between(0, 1));
  }
};

}
