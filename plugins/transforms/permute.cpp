// Shuffles the numbers of each row: data with the same numbers and no structure, which a model should find unlikely.
#include <numeric>

#include "numbers.hpp"

namespace {

using noneq::Tensor;

struct permute : noneq::transform {
  noneq::dataset_info after(noneq::dataset_info before) const override {
    shipped::need_alike_along(before, static_cast<std::int64_t>(before.shape.size()), "other places do not have");
    return before;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor flat = b.at("x0").flatten(1);
    const std::int64_t numbers = flat.size(1);
    std::vector<Tensor> rows;
    for (std::int64_t k = 0; k < flat.size(0); ++k) {
      const noneq::stream row = c.rows.fork(c.first + k);
      const Tensor order = at::empty({numbers}, at::kLong);
      for (std::int64_t i = 0; i < numbers; ++i) order.data_ptr<std::int64_t>()[i] = noneq::permuted(row, i, numbers);
      rows.push_back(flat[k].index_select(0, order));
    }
    if (!rows.empty()) b.set("x0", at::stack(rows).view(b.at("x0").sizes()));
    return b;
  }

  static void describe(noneq::description<permute>& d) {
    d.doc("Shuffles the numbers of each row by an order of its own, for scores of data that has no structure.");
  }
};

}

NONEQ_PLUGIN(permute);
