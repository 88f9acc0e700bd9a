// Categories as one-hot numbers, as categorical kernels need them, and back.
#include "numbers.hpp"

namespace {

using noneq::error;
using noneq::Tensor;

struct one_hot : noneq::transform {
  std::int64_t categories = 2, first = 0;
  bool inverse = false;

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    if (info.missing)
      throw error(shipped::begin_of(info.name_of("train")) +
                  "may have missing numbers, which are of no category; need data without, or the number of another "
                  "category in their place (conventions: none in the loader reads a _FillValue as it is stored)");
    info.bin_width = 0;
    info.found.clear();
    info.if_channels_first.clear();
    if (inverse) {
      if (info.shape.front() != categories || info.shape.size() < 2)
        throw error(c10::str("got samples ", noneq::to_string(info.shape), ", need [", categories, ", …]"), "inverse");
      info.shape.erase(info.shape.begin());
      info.numbers = at::kLong;
      info.axes.clear();
      return info;
    }
    info.shape.insert(info.shape.begin(), categories);
    info.numbers = at::kFloat;
    if (!info.stored_order.empty()) {
      for (std::int64_t& d : info.stored_order) ++d;
      info.stored_order.insert(info.stored_order.begin(), 0);
    }
    info.axes = {"categories"};
    for (std::size_t d = 1; d < info.shape.size(); ++d) info.axes.push_back(c10::str("dimension ", d));
    // Samples stay one-hot: a sample need not be of one category.
    info.normal = {};
    info.range.clear();
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context& c) const override {
    const Tensor x = b.at("x0");
    if (inverse) {
      b.set("x0", x.argmax(1) + first);
      return b;
    }
    const Tensor number = x.to(at::kLong) - first;
    refuse_others(x, number, shipped::numbers_of_rows(b, c), c.of);
    b.set("x0", at::one_hot(number, categories).movedim(-1, 1).to(at::kFloat).contiguous());
    return b;
  }

  static void describe(noneq::description<one_hot>& d) {
    d.doc(
         "Integers [n, …] that number categories become [n, categories, …] with a 1 at the category and 0 elsewhere, "
         "as "
         "kernel.uniform and kernel.absorbing need them. Samples stay one-hot.")
        .param("categories", &one_hot::categories, "how many there are", noneq::at_least(2), noneq::at_most(1e6))
        .param("first", &one_hot::first, "the number of the first category")
        .param("inverse", &one_hot::inverse,
               "true: the other way, from [n, categories, …] to the number of the largest, int64 [n, …]");
  }

 private:
  void refuse_others(const Tensor& x, const Tensor& number, const Tensor& rows, const std::string& where) const {
    const Tensor bad = (number.lt(0).logical_or_(number.ge(categories)).logical_or_(x.ne(number + first))).flatten(1);
    if (x.numel() == 0 || !bad.any().item<bool>()) return;
    const auto at = bad.any(1).nonzero()[0].item<std::int64_t>();
    throw error(c10::str(shipped::begin_of(where), "got ", x[at].flatten().masked_select(bad[at])[0].item<double>(),
                         " in row ", rows[at].item<std::int64_t>(), ", need whole numbers from ", first, " to ",
                         first + categories - 1));
  }
};

}

NONEQ_PLUGIN(one_hot);
