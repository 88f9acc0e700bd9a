// Samples on another number of grid points, by one matrix for each dimension.
#include "noneq/core/memory.hpp"
#include "numbers.hpp"

namespace {

using noneq::Tensor;

// Output cell i covers [i, i+1]·in/out of the input and is its mean there, so that the mean over all is kept. [out, in]
Tensor area_weights(std::int64_t in, std::int64_t out) {
  const Tensor w = at::zeros({out, in}, at::kDouble);
  const double step = static_cast<double>(in) / static_cast<double>(out);
  for (std::int64_t i = 0; i < out; ++i) {
    const double low = static_cast<double>(i) * step, high = static_cast<double>(i + 1) * step;
    for (auto j = static_cast<std::int64_t>(low); j < std::min(in, static_cast<std::int64_t>(std::ceil(high))); ++j) {
      const auto begin = static_cast<double>(j);
      w[i][j] = std::max(0., std::min(high, begin + 1) - std::max(low, begin)) / step;
    }
  }
  return w;
}

// Linear between the middles of the input's cells, constant beyond the outermost. [out, in]
Tensor linear_weights(std::int64_t in, std::int64_t out) {
  const Tensor w = at::zeros({out, in}, at::kDouble);
  for (std::int64_t i = 0; i < out; ++i) {
    const double middle = (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5;
    const double at = std::clamp(middle, 0., static_cast<double>(in - 1));
    const auto left = std::min(static_cast<std::int64_t>(at), std::max<std::int64_t>(0, in - 2));
    const double share = at - static_cast<double>(left);
    w[i][left] = 1 - share;
    if (in > 1) w[i][left + 1] = share;
  }
  return w;
}

struct resize : noneq::transform {
  std::vector<std::int64_t> size;
  std::string by = "area";

  void check() const override { shipped::need_lengths(size); }

  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    shipped::need_no_more_lengths(size, info.shape);
    shipped::need_alike_along(info, static_cast<std::int64_t>(size.size()), "another grid does not have");
    std::copy(size.begin(), size.end(), info.shape.end() - static_cast<std::ptrdiff_t>(size.size()));
    double numbers = 1;
    for (const std::int64_t n : info.shape) numbers *= static_cast<double>(n);
    noneq::need_memory(4 * numbers, "a sample " + noneq::to_string(info.shape), "size");
    info.numbers = shipped::exact_type(info.numbers);
    info.bin_width = 0;
    return info;
  }

  noneq::batch run(noneq::batch b, const noneq::transform_context&) const override {
    const Tensor& stored = b.at("x0");
    const auto type = shipped::exact_type(stored.scalar_type());
    std::vector<Tensor> weights;  // of the dimensions in `size`
    for (std::size_t k = 0; k < size.size(); ++k) {
      const std::int64_t in = stored.size(static_cast<std::int64_t>(k) - static_cast<std::int64_t>(size.size()));
      weights.push_back((by == "area" ? area_weights(in, size[k]) : linear_weights(in, size[k])).to(type).t());
    }
    return shipped::row_by_row(std::move(b), [&](const Tensor& row) {
      const Tensor x = row.to(type), missing = x.isnan();
      if (!missing.any().item<bool>()) return resized(x, weights);
      // The mean over what was observed, where that is half at least.
      const Tensor observed = resized(missing.logical_not().to(type), weights);
      return (resized(x.masked_fill(missing, 0), weights) / observed)
          .masked_fill(observed < least_observed, std::nan(""));
    });
  }

  static void describe(noneq::description<resize>& d) {
    d.doc(
         "Brings samples to another number of grid points. This cannot be undone: samples have the new size. Missing "
         "numbers are left out of a new point, which is missing where less than half of it was observed.")
        .param("size", &resize::size, "lengths of the last dimensions of a sample: [height, width] for images",
               noneq::required())
        .param("by", &resize::by,
               "area: the mean over the area of each new point, which keeps the mean of a sample; bilinear: linear "
               "between the points",
               noneq::one_of({"area", "bilinear"}));
  }

 private:
  static constexpr double least_observed = 0.5 - 1e-6;  // of the weights of a new point, give or take their rounding

  static Tensor resized(Tensor x, const std::vector<Tensor>& weights) {
    for (std::size_t k = 0; k < weights.size(); ++k) {
      const auto d = static_cast<std::int64_t>(k) - static_cast<std::int64_t>(weights.size());
      x = x.movedim(d, -1).matmul(weights[k]).movedim(-1, d);
    }
    return x;
  }
};

}

NONEQ_PLUGIN(resize);
