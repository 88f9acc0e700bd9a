// Mirrors samples at random in training, for data whose mirror images are as likely.
#include "numbers.hpp"

namespace {

using noneq::error;
using noneq::Tensor;

struct flip : noneq::transform {
  std::int64_t axis = -1;
  double share = 0.5;

  noneq::dataset_info after(noneq::dataset_info before) const override {
    const auto rank = static_cast<std::int64_t>(before.shape.size());
    if (axis < -rank || axis >= rank)
      throw error(
          c10::str("got ", axis, " of samples ", noneq::to_string(before.shape), ", need ", -rank, " to ", rank - 1),
          "axis");
    shipped::need_alike_along(before, axis < 0 ? -axis : rank - axis, "a mirror image does not have");
    return before;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    if (!c.training) return b;
    const Tensor x = b.at("x0"), turned = c.rows.uniform({x.size(0)}, c.first) < share;
    const std::int64_t d = axis < 0 ? axis + x.dim() : axis + 1;
    b.set("x0", at::where(noneq::broadcast_like(turned, x), x.flip(d), x));
    return b;
  }

  static void describe(noneq::description<flip>& d) {
    d.doc("Mirrors a share of the rows each time they are trained on; rows that are measured stay as they are.")
        .param("axis", &flip::axis,
               "the dimension of a sample to mirror, from 0, or from −1 backwards: −1 swaps left "
               "and right of images")
        .param("share", &flip::share, "how often a row is mirrored", noneq::between(0, 1));
  }
};

}

NONEQ_PLUGIN(flip);
