// Random fields on a grid, as of the atmosphere: Gaussian fields whose power falls as a power of the wavenumber,
// periodic along the width and not along the height, with a pointwise nonlinearity, in two channels of very different
// scale; and their means over blocks, as a coarse model has them. Without the nonlinearity everything about them is
// known exactly, also the fine field given the coarse one.
#include <cmath>

#include "../rectangles.hpp"
#include "generated.hpp"

namespace {

using noneq::error;
using noneq::Tensor;

struct random_fields : noneq::loader {
  std::vector<std::int64_t> size{32, 32};
  std::int64_t coarse = 4;
  double slope = 3, longest = 16, correlation = 0.5, skew = 0.5, missing = 0;
  std::vector<double> scale{10, 1e-5}, offset{280, 2e-5};

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>&,
                                      const noneq::stream& s) const override;
  std::vector<std::string> gives() const override {
    return missing > 0 ? std::vector<std::string>{"low", "mask"} : std::vector<std::string>{"low"};
  }

  void check() const override {
    if (size.size() != 2) throw error(c10::str("got ", size.size(), " lengths, need [height, width]"), "size");
    for (const std::int64_t n : size)
      if (n % coarse != 0) throw error(c10::str("got ", coarse, " for a length of ", n, ", need a divisor"), "coarse");
    if (scale.empty() || scale.size() != offset.size())
      throw error(c10::str("got ", scale.size(), " numbers beside ", offset.size(),
                           " of offset, need one for each channel in both"),
                  "scale");
  }

  static void describe(noneq::description<random_fields>& d) {
    d.doc(
         "Makes random fields of several channels, periodic along the width, and their means over blocks as `low`. In "
         "data units; {plugin: transform.standardise, per: channel, fields: [x0]} behind it brings them to one scale.")
        .param("size", &random_fields::size, "[height, width]", noneq::between(2, 4096))
        .param("coarse", &random_fields::coarse, "side of the blocks whose means are `low`", noneq::at_least(1),
               noneq::at_most(4096))
        .param("slope", &random_fields::slope, "power of the wavenumber with which the spectrum falls",
               noneq::between(0, 12))
        .param("longest", &random_fields::longest,
               "wavelength in pixels above which the spectrum is flat: the length of the largest structures",
               noneq::above(0))
        .param(
            "scale", &random_fields::scale,
            "deviation of each channel, in data units, of the Gaussian field before skew; as many channels as numbers",
            noneq::above(0))
        .param("offset", &random_fields::offset,
               "mean of each channel, in data units, of the Gaussian field before skew")
        .param("correlation", &random_fields::correlation, "of each further channel with the first, before skew",
               noneq::between(-1, 1))
        .param("skew", &random_fields::skew,
               "a of the pointwise map g → (exp(a g) − 1)/a of all channels but the first; 0: none, the fields are "
               "Gaussian",
               noneq::between(0, 3))
        .param("missing", &random_fields::missing,
               "share of each field, in rectangles, that is not observed, to the nearest number; 0: all is",
               noneq::between(0, 0.9))
        .writes("low", "float32 [B, channels, height/coarse, width/coarse]: means of x0 over blocks");
  }
};

class field_source : public shipped::generated_source {
 public:
  field_source(const random_fields& of, const noneq::stream& s)
      : generated_source(of.batch_size, s), of_(of), filter_(filter()) {
    const auto channels = static_cast<std::int64_t>(of.scale.size());
    info_.shape = {channels, of.size[0], of.size[1]};
    info_.axes = {"channels", "height", "width"};
    info_.missing = of.missing > 0;
    info_.fields["low"] = {{channels, of.size[0] / of.coarse, of.size[1] / of.coarse}};
  }

 private:
  // The square root of the spectrum on a grid of twice the height, whose lower half is cut off, so that the fields do
  // not wrap around from top to bottom; scaled to variance 1.
  Tensor filter() const {
    const std::int64_t height = 2 * of_.size[0], width = of_.size[1];
    const Tensor y = at::fft_fftfreq(height, 1, at::kDouble).unsqueeze(1), x = at::fft_rfftfreq(width, 1, at::kDouble);
    const Tensor wavenumber = (y.square() + x.square()).sqrt().clamp_min(1 / of_.longest);
    Tensor root = wavenumber.pow(-of_.slope / 2);
    root.select(0, 0).select(0, 0).zero_();                      // no mean of its own
    const Tensor twice = at::full({x.size(0)}, 2, at::kDouble);  // columns that stand for two
    twice[0] = 1;
    if (width % 2 == 0) twice[-1] = 1;
    const double variance = (root.square() * twice).sum().item<double>() / static_cast<double>(height * width);
    return root / std::sqrt(variance);
  }

  Tensor samples(const noneq::stream& s, std::int64_t first, std::int64_t count) const override {
    const auto channels = static_cast<std::int64_t>(of_.scale.size());
    const Tensor noise =
        s.fork("fields").normal({count, channels, 2 * of_.size[0], of_.size[1]}, first).to(at::kDouble);
    Tensor g = at::fft_irfft2(at::fft_rfft2(noise) * filter_, at::IntArrayRef{2 * of_.size[0], of_.size[1]})
                   .slice(2, 0, of_.size[0]);
    std::vector<Tensor> all{g.select(1, 0)};
    for (std::int64_t c = 1; c < channels; ++c) {
      const double own = std::sqrt(1 - of_.correlation * of_.correlation);
      const Tensor mixed = of_.correlation * all[0] + own * g.select(1, c);
      all.push_back(of_.skew > 0 ? at::expm1(of_.skew * mixed) / of_.skew : mixed);
    }
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto k = static_cast<std::size_t>(c);
      all[k] = all[k] * of_.scale[k] + of_.offset[k];
    }
    return at::stack(all, 1).to(at::kFloat);
  }

  void add_fields(noneq::batch& b, const noneq::stream& s) const override {
    const Tensor x = b.at("x0");
    b.set("low", x.unflatten(3, {-1, of_.coarse}).unflatten(2, {-1, of_.coarse}).mean({3, 5}));
    if (of_.missing > 0) b.set("x0", x.masked_fill(unseen(s.fork("missing"), b.first, x.size(0)), NAN));
  }

  // Alike for all channels.
  Tensor unseen(const noneq::stream& s, std::int64_t first, std::int64_t count) const {
    std::vector<Tensor> all;
    for (std::int64_t k = 0; k < count; ++k)
      all.push_back(shipped::rectangles(s.fork(first + k), of_.size[0], of_.size[1], of_.missing));
    return at::stack(all).unsqueeze(1);
  }

  const random_fields of_;
  const Tensor filter_;
};

std::shared_ptr<noneq::source> random_fields::open(const std::optional<noneq::normalisation>&,
                                                   const noneq::stream& s) const {
  return std::make_shared<field_source>(*this, s);
}

}

NONEQ_PLUGIN(random_fields);
