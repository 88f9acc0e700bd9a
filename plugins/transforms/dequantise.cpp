// Uniform noise of one step on integers, which then have a density (Uria et al. 2013, "RNADE", §4; Theis et al. 2016).
#include "noneq/core/dtype.hpp"
#include "numbers.hpp"

namespace {

using noneq::Tensor;

struct dequantise : noneq::transform {
  void check() const override { shipped::need_one_field(fields); }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    // Integers among which some are missing come as floating-point numbers.
    if (!at::isIntegralType(info.numbers, false) && !info.missing)
      throw noneq::error(c10::str(shipped::begin_of(info.name_of("train")), "got numbers of type ",
                                  noneq::dtype_text(info.numbers), ", need integers to dequantise"));
    info.numbers = shipped::exact_type(info.numbers);
    if (!info.range.empty()) info.range[1] += 1;
    info.bin_width = 0;
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor x = b.at("x0").to(shipped::exact_type(b.at("x0").scalar_type()));
    if (b.at("x0").is_floating_point()) refuse_fractions(x, shipped::numbers_of_rows(b, c), c.of);
    b.set("x0", x + c.rows.uniform(x.sizes().vec(), c.first));
    return b;
  }

  static void describe(noneq::description<dequantise>& d) {
    d.doc(
        "Adds uniform noise of one step, [0, 1), to integers, which then have a density. A row has other noise each "
        "time it is trained on, and the same whenever it is measured. Missing numbers stay missing. One field a node, "
        "so that the noise of fields is independent.");
  }

 private:
  static void refuse_fractions(const Tensor& x, const Tensor& rows, const std::string& where) {
    const Tensor bad = x.ne(x.round()).logical_and_(x.isnan().logical_not_()).flatten(1);
    if (x.numel() == 0 || !bad.any().item<bool>()) return;
    const auto at = bad.any(1).nonzero()[0].item<std::int64_t>();
    throw noneq::error(c10::str(shipped::begin_of(where), "got ",
                                x[at].flatten().masked_select(bad[at])[0].item<double>(), " in row ",
                                rows[at].item<std::int64_t>(), ", need integers to dequantise"));
  }
};

}

NONEQ_PLUGIN(dequantise);
