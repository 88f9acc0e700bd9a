// Bits that were seen, each wrong with a known probability: r(x⁰) = Π r_i(x_i⁰). Sohl-Dickstein et al. 2015, §2.5.
//
// `exact` changes P(x_j⁰=1|x^t) to what it is given the evidence. That takes how the bits hang together given x^t,
// which is the derivative of x̂⁰ (tweedie.hpp): Cov(x_i⁰, x_j⁰|x^t) = ∂x̂⁰_i/∂x_j^t / Δ_t. With it,
//   logit P(x_j⁰=1|x^t, r) = logit x̂⁰_j + Σ_i ln E[r_i|x_j⁰=1, x^t] / E[r_i|x_j⁰=0, x^t],
// where i = j is r_j itself. Exact for a network that continues Bayes' rule between 0 and 1: one seen bit and its
// effect on all others; independent bits; bits that determine each other. Approximation: seen bits that are not
// independent given x_j⁰ count as if they were; and as in any reverse step the bits of x^{t−1} are drawn independently.
// `paper` multiplies every step by r: c becomes c·d/(c·d + (1−c)(1−d)) with d = r(1)/(r(0)+r(1)), which counts evidence
// that may be wrong at every step anew.
#include "../tweedie.hpp"
#include "stream_tensor.hpp"

namespace {

using noneq::Tensor;

constexpr double least = 1e-6;  // probabilities below have no digits left in float32

struct seen_bits : noneq::guidance {
  Tensor seen, bit;  // [n, …]: which bits were seen, and as what
  double wrong;
  seen_bits(Tensor known, Tensor value, double error) : seen(std::move(known)), bit(std::move(value)), wrong(error) {}

  Tensor certain() const override { return wrong > 0 ? Tensor() : bit.masked_fill(~seen, NAN); }

  // ln r_i(1)/r_i(0); evidence that is certain counts as logits of certain bits do.
  Tensor log_ratio(const Tensor& like) const {
    const double of_one = wrong > 0 ? std::log1p(-wrong) - std::log(wrong) : 80;
    return ((2 * bit - 1) * of_one).masked_fill(~seen, 0).to(like.scalar_type());
  }
};

struct of_steps final : seen_bits {
  using seen_bits::seen_bits;
  noneq::distribution multiplied(const noneq::distribution& p, const noneq::coefficients&) const override {
    return {p.location + log_ratio(p.location), p.log_variance};
  }
};

struct of_states final : seen_bits {
  const noneq::kernel& kernel;
  std::vector<std::int64_t> places;  // in the flattened sample, where a bit is seen in any sample

  of_states(Tensor known, Tensor value, double error, const noneq::kernel& k)
      : seen_bits(std::move(known), std::move(value), error), kernel(k) {
    const Tensor any = seen.flatten(1).any(0);
    for (std::int64_t i = 0; i < any.size(0); ++i)
      if (any[i].item<bool>()) places.push_back(i);
  }

  Tensor gradient(const noneq::guided_state& at) const override {
    const Tensor reach = shipped::tweedie(kernel, at.c);
    const Tensor p = at.x0.clamp(least, 1 - least).flatten(1);
    Tensor logit = p.logit() + log_ratio(p).flatten(1);
    for (const std::int64_t i : places) {
      Tensor direction = at::zeros_like(p);
      direction.select(1, i).fill_(1);
      const Tensor covariance = (reach * at.pull(direction.view_as(at.x0))).flatten(1);
      logit = logit + said_of_others(i, p, covariance);
    }
    Tensor given = logit.sigmoid().view_as(at.x0);
    if (wrong == 0) given = at::where(seen, bit.to(given.scalar_type()), given);
    return (given - at.x0) / reach;
  }

 private:
  // ln E[r_i|x_j⁰=1] / E[r_i|x_j⁰=0] for all j ≠ i, from the pair's probabilities, which no covariance leads out of
  // their bounds.
  Tensor said_of_others(std::int64_t i, const Tensor& p, const Tensor& covariance) const {
    const Tensor pi = p.narrow(1, i, 1);
    const Tensor both = at::min(at::max(pi * p + covariance, (pi + p - 1).clamp_min(0)), at::min(pi, p));
    const Tensor one = bit.flatten(1).narrow(1, i, 1).to(p.scalar_type());
    // E[r_i] where P(x_i⁰=1) = q.
    const auto likelihood = [&](const Tensor& q) {
      const Tensor agrees = one * q + (1 - one) * (1 - q);
      return (wrong + (1 - 2 * wrong) * agrees).clamp_min(least).log();
    };
    Tensor said = likelihood(both / p) - likelihood((pi - both) / (1 - p));
    said.select(1, i).fill_(0);
    return said.masked_fill(~seen.flatten(1).narrow(1, i, 1), 0);
  }
};

struct binary_evidence : noneq::guide {
  std::string mask = "mask", values = "values", mode = "exact";
  double error = 0;

  std::vector<std::string> reads() const override { return shipped::masked_tensor(mask, values).names(); }
  bool multiplies_steps() const override { return mode == "paper"; }

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    const shipped::masked_tensor known(mask, values);
    auto [seen, bit] = known.of(chunk);
    bit = at::where((bit - bit.round()).abs() < 1e-5, bit.round(), bit);  // restored from normalised float32
    const Tensor strange = bit.masked_select(seen & (bit != 0) & (bit != 1));
    if (strange.numel() > 0)
      throw known.values.wrong(c10::str("got ", strange[0].item<double>(),
                                        " for a bit that was seen, need 0 or 1: r(x) is zero for every other x"));
    bit = bit.masked_fill(~seen, 0);
    if (multiplies_steps()) return std::make_unique<of_steps>(seen, bit, error);
    return std::make_unique<of_states>(seen, bit, error, *chunk.process.kernel);
  }

  static void describe(noneq::description<binary_evidence>& d) {
    d.doc("Bits that were seen, each wrong with a known probability.")
        .param("mask", &binary_evidence::mask,
               "tensor of the sampler's stream that is 1 where a bit was seen and 0 where it was not")
        .param("values", &binary_evidence::values,
               "tensor of the sampler's stream with the bits; those not seen may be any numbers")
        .param("error", &binary_evidence::error, "probability that a bit was seen wrongly; 0: they are certain",
               noneq::limits{.low = 0, .high = 0.5, .high_open = true, .choices = {}})
        .param("mode", &binary_evidence::mode,
               "exact: r as x^t sees it, with a backward pass through the network for each bit that was seen; paper: r "
               "itself multiplies every step, as published",
               noneq::one_of({"exact", "paper"}))
        .removed("file", shipped::join_rows_of("values"))
        .renamed("dataset", "values")
        .spaces({"binary"});
  }
};

}

NONEQ_PLUGIN(binary_evidence);
