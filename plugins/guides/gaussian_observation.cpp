// Denoising: data was seen with Gaussian noise of known deviation. Sohl-Dickstein et al. 2015, §2.5 and appendix C.
#include "observation.hpp"
#include "stream_tensor.hpp"

namespace {

using noneq::Tensor;

struct whole final : shipped::observation {
  using observation::observation;
  Tensor map(const Tensor& u) const override { return u; }
  Tensor transposed(const Tensor& r) const override { return r; }

  // The product of two Gaussians.
  noneq::distribution multiplied(const noneq::distribution& p, const noneq::coefficients&) const override {
    const Tensor seen = b.to(p.location.scalar_type()), noise = variance.to(p.location.scalar_type());
    const Tensor step = p.log_variance.exp();
    return {p.location + step / (step + noise) * (seen - p.location), p.log_variance + (noise / (step + noise)).log()};
  }
};

struct gaussian_observation : noneq::guide {
  std::string tensor = "observation", mode = "exact";
  shipped::deviations deviation;
  std::int64_t solve = 5;

  std::vector<std::string> reads() const override { return {tensor}; }
  bool multiplies_steps() const override { return mode == "paper"; }

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    const shipped::stream_tensor given("observation", tensor);
    const Tensor y = given.rows(chunk, chunk.shape);
    const Tensor noise = shipped::by_channel(deviation, chunk.shape);
    // Noise may carry an observation out of the data's range, but not this far.
    if (const auto& range = chunk.range; !range.empty()) {
      const Tensor off = at::logical_or(y<range[0] - 10 * noise, y> range[1] + 10 * noise);
      if (off.any().item<bool>())
        throw given.wrong(c10::str("got ", y.masked_select(off)[0].item<double>(),
                                   ", which is more than 10 deviations away from the data's range, need data from ",
                                   range[0], " to ", range[1], " with noise of deviation ",
                                   noise.expand_as(y).masked_select(off)[0].item<double>()));
    }
    const Tensor scale = chunk.normal.scale.to(at::kDouble);
    return std::make_unique<whole>((y - chunk.normal.shift.to(at::kDouble)) / scale, (noise / scale).square(), solve);
  }

  static void describe(noneq::description<gaussian_observation>& d) {
    d.doc("Denoising: r(x) = N(y; x, s²), for data seen as y with Gaussian noise.")
        .param("observation", &gaussian_observation::tensor, "tensor of the sampler's stream with y, in data units")
        .param("deviation", &gaussian_observation::deviation, std::string("s, in data units") + shipped::one_a_channel,
               noneq::above(0), noneq::required())
        .param("mode", &gaussian_observation::mode,
               "exact: r as x^t sees it, which is calibrated; paper: r itself multiplies every step, as published, "
               "which counts the observation about twice",
               noneq::one_of({"exact", "paper"}))
        .param("solve", &gaussian_observation::solve, shipped::solve_doc, noneq::at_least(1))
        .removed("file", shipped::join_rows_of("observation"))
        .renamed("dataset", "observation")
        .spaces({"gaussian"});
  }
};

}

NONEQ_PLUGIN(gaussian_observation);
