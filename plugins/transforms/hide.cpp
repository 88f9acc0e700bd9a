// Hides rectangles of each row in a copy of it, so that a model can learn to fill them in, also from rows that are
// incomplete themselves: what was never observed is hidden in the copy and does not count in the loss.
#include "../rectangles.hpp"
#include "numbers.hpp"

namespace {

using noneq::Tensor;

struct hide : noneq::transform {
  double least = 0, most = 0.5;

  void check() const override {
    if (least > most) throw noneq::error(c10::str("got ", least, ", need at most most, which is ", most), "least");
  }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    if (before.shape.size() < 2)
      throw noneq::error("got rows of shape " + noneq::to_string(before.shape) +
                         ", need [H, W] or [C, H, W]: rectangles have two axes");
    before.fields["seen"] = {before.shape, before.numbers, before.normal, true, before.stored};
    return before;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor& x = b.at("x0");
    const Tensor floats = c10::isFloatingType(x.scalar_type()) ? x : x.to(at::kDouble);
    const std::int64_t height = x.size(-2), width = x.size(-1);
    std::vector<Tensor> hidden;
    for (std::int64_t k = 0; k < x.size(0); ++k) {
      const noneq::stream row = c.rows.fork(c.first + k);
      const double share = least + (most - least) * static_cast<double>(row.bits(0) >> 11) * 0x1p-53;
      hidden.push_back(shipped::rectangles(row.fork("rectangles"), height, width, share));
    }
    noneq::sizes shape = x.sizes().vec();
    std::fill(shape.begin() + 1, shape.end() - 2, 1);
    b.set("seen", hidden.empty() ? floats : floats.masked_fill(at::stack(hidden).view(shape), NAN));
    return b;
  }

  static void describe(noneq::description<hide>& d) {
    d.doc(
         "Adds the tensor `seen`, a copy of each row in which rectangles of a random share of it are missing. A model "
         "with condition: [seen, seen_mask] learns to fill them in. A row has other rectangles each time it is trained "
         "on, and the same whenever it is measured.")
        .param("least", &hide::least, "smallest share of a row that is hidden", noneq::between(0, 0.95))
        .param("most", &hide::most, "largest share of a row that is hidden", noneq::between(0, 0.95))
        .writes("seen", "floating [B, …]: x0 with NaN where it is hidden");
  }
};

}

NONEQ_PLUGIN(hide);
