// Gaussian noise on data, as of an instrument.
#include "numbers.hpp"

namespace {

using noneq::Tensor;

struct noise : noneq::transform {
  double deviation = 1;

  void check() const override { shipped::need_one_field(fields); }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    before.numbers = shipped::exact_type(before.numbers);
    before.bin_width = 0;
    before.range = {};
    return before;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor x = b.at("x0").to(shipped::exact_type(b.at("x0").scalar_type()));
    b.set("x0", x + deviation * c.rows.normal(x.sizes().vec(), c.first));
    return b;
  }

  static void describe(noneq::description<noise>& d) {
    d.doc(
         "Adds independent Gaussian noise to each number. A row has other noise each time it is trained on, and the "
         "same whenever it is measured. One field a node, so that the noise of fields is independent.")
        .param("deviation", &noise::deviation, "of the noise, in the units of the numbers at this place",
               noneq::at_least(0));
  }
};

}

NONEQ_PLUGIN(noise);
