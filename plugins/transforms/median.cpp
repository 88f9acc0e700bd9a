// The median filter, to compare learned denoising with.
#include <cmath>

#include "numbers.hpp"

namespace {

using noneq::Tensor;

struct median : noneq::transform {
  std::int64_t width = 3;

  void check() const override {
    if (width % 2 == 0) throw noneq::error(c10::str("got ", width, ", need an odd number"), "width");
  }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    if (before.shape.size() < 2)
      throw noneq::error("got rows of shape " + noneq::to_string(before.shape) + ", need [H, W] or [C, H, W]");
    if (std::min(before.shape.back(), before.shape[before.shape.size() - 2]) <= width / 2)
      throw noneq::error(c10::str("got ", width, " for rows of shape ", noneq::to_string(before.shape),
                                  ", need less than twice the shorter side"),
                         "width");
    shipped::need_alike_along(before, 2, "a median does not have");
    return before;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context&) const override {
    return shipped::row_by_row(std::move(b), [&](const Tensor& x) {
      const Tensor found = filtered(x);
      return x.is_floating_point() ? found.masked_fill(x.isnan(), std::nan("")) : found;
    });
  }

  static void describe(noneq::description<median>& d) {
    d.doc(
         "Puts the median of the square around each number in its place; beyond the edges the row is mirrored. Missing "
         "numbers stay missing and are left out of the squares around others; of an even number it is the lower one.")
        .param("width", &median::width, "side of the square, odd", noneq::between(1, 31));
  }

 private:
  // Needs width² times the memory of x.
  Tensor filtered(const Tensor& x) const {
    const std::int64_t reach = width / 2, height = x.size(-2), across = x.size(-1);
    const auto mirrored = [&](std::int64_t n) {
      const Tensor i = (at::arange(-reach, n + reach, at::kLong)).abs();
      return at::where(i < n, i, 2 * (n - 1) - i);
    };
    const Tensor wide = x.index_select(-2, mirrored(height)).index_select(-1, mirrored(across));
    std::vector<Tensor> around;
    for (std::int64_t i = 0; i < width; ++i)
      for (std::int64_t j = 0; j < width; ++j) around.push_back(wide.slice(-2, i, i + height).slice(-1, j, j + across));
    return std::get<0>(at::stack(around).nanmedian(0));
  }
};

}

NONEQ_PLUGIN(median);
