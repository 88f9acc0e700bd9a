// Inpainting: some numbers of x⁰ are known, the others are drawn given these. `paper` is Lugmayr et al. 2022,
// "RePaint", eq. 8 and algorithm 1: on the way down the known numbers are those that the forward process makes of x⁰.
#include "observation.hpp"
#include "stream_tensor.hpp"

namespace {

using noneq::Tensor;

struct masked final : shipped::observation {
  Tensor unknown, exactly;  // a mask; values known without noise, in data units, and not a number elsewhere
  masked(const noneq::guided_chunk& chunk, const Tensor& seen, Tensor free, const Tensor& deviation, std::int64_t steps)
      : observation(seen, deviation, steps), unknown(std::move(free)) {
    const Tensor scale = chunk.normal.scale.to(at::kDouble);
    exactly = seen.masked_fill(unknown.logical_or(deviation > 0), NAN);
    b = ((seen - chunk.normal.shift.to(at::kDouble)) / scale).masked_fill(unknown, 0);
    variance = (deviation / scale).square();
  }
  Tensor certain() const override { return exactly.isnan().all().item<bool>() ? Tensor() : exactly; }
  Tensor map(const Tensor& u) const override { return u.masked_fill(unknown, 0); }
  Tensor transposed(const Tensor& r) const override { return r.masked_fill(unknown, 0); }
};

struct forward final : noneq::guidance {
  Tensor known, seen, x0;  // a mask; the values there, in data units; x⁰ there
  forward(const noneq::guided_chunk& chunk, Tensor mask, Tensor values)
      : known(std::move(mask)), seen(std::move(values)), x0(chunk.normal.apply(seen).masked_fill(~known, 0)) {}
  Tensor certain() const override { return seen.masked_fill(~known, NAN); }

  // At t = 1 the value itself, with a variance whose logarithm is finite.
  noneq::distribution multiplied(const noneq::distribution& p, const noneq::coefficients& c) const override {
    const Tensor location = c.alpha_bar_prev.sqrt() * x0.to(p.location.scalar_type());
    const Tensor log_variance = c.one_minus_alpha_bar_prev.clamp_min(1e-30).log();
    return {at::where(known, location, p.location), at::where(known, log_variance, p.log_variance)};
  }
};

struct known_values : noneq::guide {
  std::string mask = "mask", values = "values", mode = "exact";
  shipped::deviations deviation{0};
  std::int64_t solve = 5, resample = 1;

  std::vector<std::string> reads() const override { return shipped::masked_tensor(mask, values).names(); }
  bool multiplies_steps() const override { return mode == "paper"; }
  std::int64_t draws_of_step() const override { return resample; }

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    const shipped::masked_tensor given(mask, values);
    const auto [known, seen] = given.of(chunk);
    given.values.need_data(seen.masked_select(known), chunk);
    if (multiplies_steps()) return std::make_unique<forward>(chunk, known, seen);
    return std::make_unique<masked>(chunk, seen, known.logical_not(), shipped::by_channel(deviation, chunk.shape),
                                    solve);
  }

  void check() const override {
    if (resample > 1 && !multiplies_steps())
      throw noneq::error(
          c10::str("resample got ", resample, " in mode exact, need 1: only mode paper takes steps again"));
    const auto noisy = std::find_if(deviation.begin(), deviation.end(), [](double s) { return s > 0; });
    if (noisy != deviation.end() && multiplies_steps())
      throw noneq::error(c10::str("deviation got ", *noisy, " in mode paper, need 0: it has no noise on known values"));
  }

  static void describe(noneq::description<known_values>& d) {
    d.doc("Inpainting: what the mask marks is known, the rest is drawn given that.")
        .param(
            "mask", &known_values::mask,
            "tensor of the sampler's stream that is 1 where the value is known and 0 where it is not; empty: known is "
            "what is not missing (NaN) in values")
        .param("values", &known_values::values,
               "tensor of the sampler's stream with the values, in data units; unknown ones may be any numbers")
        .param("deviation", &known_values::deviation,
               std::string("deviation of noise on the known values, in data units") + shipped::one_a_channel,
               noneq::at_least(0))
        .param("mode", &known_values::mode,
               "exact: r as x^t sees it, which is calibrated; paper: the known numbers of every x^{t−1} are drawn from "
               "q(x^{t−1}|x⁰), which the others hear of only afterwards (RePaint)",
               noneq::one_of({"exact", "paper"}))
        .param("resample", &known_values::resample,
               "mode paper: how often each step is drawn, with a step of the forward process in between, so that the "
               "others come to fit the known values",
               noneq::at_least(1))
        .param("solve", &known_values::solve, shipped::solve_doc, noneq::at_least(1))
        .removed("file", shipped::join_rows_of("values"))
        .renamed("dataset", "values")
        .spaces({"gaussian"});
  }
};

}

NONEQ_PLUGIN(known_values);
