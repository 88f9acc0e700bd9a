// Uniform noise of one step on integers, which then have a density (Uria et al. 2013, "RNADE", §4; Theis et al. 2016).
#include "noneq/core/dtype.hpp"
#include "numbers.hpp"

namespace {

using noneq::Tensor;

struct dequantise : noneq::transform {
  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    if (!at::isIntegralType(info.numbers, false))
      throw noneq::error(c10::str(shipped::begin_of(info.name_of("train")), "got numbers of type ",
                                  noneq::dtype_text(info.numbers), ", need integers to dequantise"));
    info.numbers = shipped::exact_type(info.numbers);
    if (!info.range.empty()) info.range[1] += 1;
    info.bin_width = 0;
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor x = b.at("x0").to(shipped::exact_type(b.at("x0").scalar_type()));
    b.set("x0", x + c.rows.uniform(x.sizes().vec(), c.first));
    return b;
  }

  static void describe(noneq::description<dequantise>& d) {
    d.doc(
        "Adds uniform noise of one step, [0, 1), to integers, which then have a density. A row has other noise each "
        "time it is trained on, and the same whenever it is measured.");
  }
};

}

NONEQ_PLUGIN(dequantise);
