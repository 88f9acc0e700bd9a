// The logarithm of positive data, such as concentrations or energies.
#include "numbers.hpp"

// C has a function of this name, which a name at file scope would be mixed up with.
namespace transforms {

using noneq::error;
using noneq::Tensor;

struct log : noneq::transform {
  double shift = 0;

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    info.numbers = shipped::exact_type(info.numbers);
    info.normal = info.normal.then({"transform.log", [s = shift](const Tensor& x) { return (x + s).log(); },
                                    [s = shift](const Tensor& y) { return y.exp() - s; }});
    info.bin_width = 0;
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor x = b.at("x0").to(shipped::exact_type(b.at("x0").scalar_type())) + shift;
    refuse_negative(x, shipped::numbers_of_rows(b, c), c.of);
    b.set("x0", x.log());
    return b;
  }

  static void describe(noneq::description<log>& d) {
    d.doc(
         "log(x + shift), the natural logarithm; rows with x + shift ≤ 0 are refused. Samples come out in the units "
         "from before.")
        .param("shift", &log::shift, "what is added to x");
  }

 private:
  void refuse_negative(const Tensor& shifted, const Tensor& rows, const std::string& where) const {
    if (shifted.numel() == 0 || shifted.min().item<double>() > 0) return;
    const Tensor bad = shifted.le(0).flatten(1);  // NaN, which was not observed, is not among them
    if (!bad.any().item<bool>()) return;
    const auto at = bad.any(1).nonzero()[0].item<std::int64_t>();
    const double x = shifted[at].flatten().masked_select(bad[at])[0].item<double>() - shift;
    throw error(c10::str(shipped::begin_of(where), "got ", x, " in row ", rows[at].item<std::int64_t>(),
                         ", need numbers above ", 0 - shift, ", or a larger shift"));
  }
};

NONEQ_PLUGIN(log);

}
