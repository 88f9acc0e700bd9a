// Denoising: data was seen with Gaussian noise of known deviation. Sohl-Dickstein et al. 2015, §2.5 and appendix C.
#include "observation.hpp"

namespace {

using noneq::Tensor;

struct whole final : noneq::observation {
  using observation::observation;
  Tensor map(const Tensor& x) const override { return x; }
  Tensor transposed(const Tensor& u) const override { return u; }

  // The product of two Gaussians.
  noneq::distribution multiplied(const noneq::distribution& p, const noneq::coefficients&) const override {
    const Tensor seen = normal.apply(y).to(p.location.scalar_type());
    const Tensor noise = variance / normal.scale.to(p.location.scalar_type()).square();
    const Tensor step = p.log_variance.exp();
    return {p.location + step / (step + noise) * (seen - p.location), p.log_variance + (noise / (step + noise)).log()};
  }
};

struct gaussian_observation : noneq::guide {
  std::filesystem::path file;
  std::string dataset = "observation", mode = "exact";
  double deviation = 0;
  std::int64_t solve = 5;

  bool multiplies_steps() const override { return mode == "paper"; }

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    const noneq::given_rows given(file, dataset);
    Tensor y = given.of(chunk, chunk.shape);
    if (!y.isfinite().all().item<bool>()) throw given.wrong("got a number that is not finite, need observations");
    // Noise may carry an observation out of the data's range, but not this far.
    if (const auto& range = chunk.range; !range.empty()) {
      const double reach = 10 * deviation, least = y.min().item<double>(), most = y.max().item<double>();
      if (least < range[0] - reach || most > range[1] + reach)
        throw given.wrong(c10::str("got ", most > range[1] + reach ? most : least,
                                   ", which is more than 10 deviations away from the data's range, need data from ",
                                   range[0], " to ", range[1], " with noise of deviation ", deviation));
    }
    return std::make_unique<whole>(chunk, std::move(y), deviation, solve);
  }

  void check() const override { noneq::given_rows(file, dataset); }

  static void describe(noneq::description<gaussian_observation>& d) {
    d.doc("Denoising: r(x) = N(y; x, s²), for data seen as y with Gaussian noise.")
        .param("file", &gaussian_observation::file,
               "HDF5 file of y, in data units: row k for sample k, from the beginning again at its end",
               noneq::required())
        .param("dataset", &gaussian_observation::dataset, "its dataset")
        .param("deviation", &gaussian_observation::deviation, "s, in data units", noneq::above(0), noneq::required())
        .param("mode", &gaussian_observation::mode,
               "exact: r as x^t sees it, which is calibrated; paper: r itself multiplies every step, as published, "
               "which counts the observation about twice",
               noneq::one_of({"exact", "paper"}))
        .param("solve", &gaussian_observation::solve, noneq::solve_doc, noneq::at_least(1))
        .spaces({"gaussian"});
  }
};

}

NONEQ_PLUGIN(gaussian_observation);
