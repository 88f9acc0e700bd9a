// Brings data from low … high to −1 … 1.
#include "affine.hpp"

namespace {

using noneq::error;
using noneq::Tensor;

struct range : noneq::transform {
  std::vector<double> values = {0, 255};

  void check() const override {
    if (values.size() != 2 || !(values[0] < values[1]))
      throw error(c10::str("got [", c10::Join(", ", values), "], need two numbers, the lower one first"), "values");
  }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    const bool whole = at::isIntegralType(info.numbers, false);
    info.numbers = shipped::exact_type(info.numbers);
    note_narrow(info);
    info.bin_width = whole ? 2 / (values[1] - values[0]) : 0;
    info.range = in_data_units(info.normal);
    info.normal = info.normal.then(shift(), scale());
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor x = b.at("x0");
    if (x.scalar_type() != at::kByte || values[0] > 0 || values[1] < 255)
      shipped::refuse_outside(x, shipped::numbers_of_rows(b, c), values[0], values[1], c.of);
    b.set("x0", shipped::shifted_and_scaled(x, shift(), scale()));
    return b;
  }

  static void describe(noneq::description<range>& d) {
    d.doc(
         "Brings data between two values to [−1, 1]; rows outside are refused. Samples come out in the units from "
         "before.")
        .param("values", &range::values,
               "the two values that become −1 and 1; behind transform.dequantise the second is one higher, as in "
               "[0, 256] for bytes");
  }

 private:
  Tensor shift() const { return at::scalar_tensor((values[0] + values[1]) / 2, at::kDouble); }
  Tensor scale() const { return at::scalar_tensor((values[1] - values[0]) / 2, at::kDouble); }

  // Empty where numbers have scales of their own.
  std::vector<double> in_data_units(const noneq::normalisation& before) const {
    if (before.shift.numel() != 1 || before.scale.numel() != 1) return {};
    for (const auto& s : before.stages)
      if (s.shift.numel() != 1 || s.scale.numel() != 1) return {};
    const Tensor ends = std::get<0>(before.restore(at::tensor(values, at::kDouble)).to(at::kDouble).sort());
    return {ends[0].item<double>(), ends[1].item<double>()};
  }

  // Adds a note when `values` spreads the numbers seen over a small part of −1 … 1.
  void note_narrow(noneq::dataset_info& info) const {
    const auto& seen = info.found;
    const bool stored = info.normal.affine() && (info.normal.shift == 0).all().item<bool>() &&
                        (info.normal.scale == 1).all().item<bool>();
    if (!stored || seen.empty() || 16 * (seen[1] - seen[0]) > values[1] - values[0]) return;
    const bool unit = seen[0] >= 0 && seen[1] <= 1;
    info.notes.push_back(c10::str(shipped::begin_of(info.name_of("train")), "has numbers from ", seen[0], " to ",
                                  seen[1], " only, a small part of values: [", values[0], ", ", values[1],
                                  "]; values: [", unit ? 0 : seen[0], ", ", unit ? 1 : seen[1],
                                  "] brings them to −1 … 1"));
  }
};

}

NONEQ_PLUGIN(range);
