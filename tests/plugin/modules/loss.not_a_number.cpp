// A loss that is no number for one row at one step, or is one there without having a gradient. It may grow before.
#include <limits>

#include "noneq/plugin.hpp"

struct not_a_number : noneq::loss {
  std::int64_t step = 3, row = 0, grows = 0;
  bool gradient = false;

  noneq::Tensor run(const noneq::batch& b, const noneq::process&) const override {
    const noneq::Tensor z = b.at("output").flatten(1);
    noneq::Tensor loss = z.square().mean(1);
    if (grows > 0 && b.step + 1 > grows) loss = loss + 100 * static_cast<double>(b.step + 1 - grows);
    if (b.step + 1 != step) return loss;
    if (gradient) return loss + (0 * z.sum(1)).sqrt();
    return at::where(b.at("row") == row, at::full_like(loss, std::numeric_limits<float>::quiet_NaN()), loss);
  }
  const char* unit() const override { return ""; }

  static void describe(noneq::description<not_a_number>& d) {
    d.doc("No number at a step.")
        .param("step", &not_a_number::step, "the step, from 1")
        .param("row", &not_a_number::row, "the row whose loss is NaN")
        .param("grows", &not_a_number::grows, "the step after which it grows by 100 a step; 0: never")
        .param("gradient", &not_a_number::gradient, "whether the gradient is, instead of the loss");
    d.reads("row", "int64 [B]");
  }
};
NONEQ_PLUGIN(not_a_number);
