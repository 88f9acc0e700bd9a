// Linear maps A of samples x [n, …], each with its transpose. Values, thread-safe.
#pragma once

#include <cmath>
#include <utility>

#include "noneq/plugin.hpp"

namespace shipped {

struct linear_map {
  noneq::sizes shape;  // of A x, without the samples
  explicit linear_map(noneq::sizes s) : shape(std::move(s)) {}
  virtual ~linear_map() = default;
  virtual noneq::Tensor map(const noneq::Tensor& x) const = 0;         // A x
  virtual noneq::Tensor transposed(const noneq::Tensor& u) const = 0;  // Aᵀ u
  // Returns the bounds of A x, [1, …] each, for samples of numbers from low to high: here for an A without negative
  // numbers.
  virtual std::pair<noneq::Tensor, noneq::Tensor> range(noneq::sizes sample, double low, double high) const {
    sample.insert(sample.begin(), 1);
    return {map(at::full(sample, low, at::kDouble)), map(at::full(sample, high, at::kDouble))};
  }
};

// Any A [m, d], of the flattened sample.
struct dense_map final : linear_map {
  noneq::Tensor matrix;
  noneq::sizes of;  // one x
  dense_map(noneq::Tensor a, noneq::sizes sample)
      : linear_map({a.size(0)}), matrix(std::move(a)), of(std::move(sample)) {
    of.insert(of.begin(), -1);
  }
  noneq::Tensor map(const noneq::Tensor& x) const override {
    return at::matmul(x.flatten(1), matrix.t().to(x.scalar_type()));
  }
  noneq::Tensor transposed(const noneq::Tensor& u) const override {
    return at::matmul(u, matrix.to(u.scalar_type())).view(of);
  }
  std::pair<noneq::Tensor, noneq::Tensor> range(noneq::sizes, double low, double high) const override {
    const noneq::Tensor up = matrix.clamp_min(0).sum(1), down = matrix.clamp_max(0).sum(1);
    return {(low * up + high * down).unsqueeze(0), (high * up + low * down).unsqueeze(0)};
  }
};

// Maps the rows and the columns of images […, H, W] on their own, A x = rows · x · columnsᵀ, by matrices rows [h, H]
// and columns [w, W].
struct separable_map final : linear_map {
  noneq::Tensor rows, columns;
  separable_map(noneq::Tensor r, noneq::Tensor c, noneq::sizes sample)
      : linear_map(std::move(sample)), rows(std::move(r)), columns(std::move(c)) {
    shape.end()[-2] = rows.size(0);
    shape.end()[-1] = columns.size(0);
  }
  noneq::Tensor map(const noneq::Tensor& x) const override {
    return at::matmul(at::matmul(rows.to(x.scalar_type()), x), columns.t().to(x.scalar_type()));
  }
  noneq::Tensor transposed(const noneq::Tensor& u) const override {
    return at::matmul(at::matmul(rows.t().to(u.scalar_type()), u), columns.to(u.scalar_type()));
  }
};

// The sum of all numbers of a sample.
struct sum_map final : linear_map {
  noneq::sizes of;  // one x
  explicit sum_map(noneq::sizes sample) : linear_map({1}), of(std::move(sample)) {}
  noneq::Tensor map(const noneq::Tensor& x) const override { return noneq::sum_per_sample(x).unsqueeze(1); }
  noneq::Tensor transposed(const noneq::Tensor& u) const override {
    noneq::sizes all = of, ones(of.size(), 1);
    all.insert(all.begin(), u.size(0));
    ones.insert(ones.begin(), u.size(0));
    return u.view(ones).expand(all);
  }
};

// The functions below return the matrix of a separable map along one axis of n pixels, [m, n], float64.

// A Gaussian of deviation `width` pixels, reaching four deviations far; beyond its edges an image is its mirror image,
// … c b a | a b c …, so that grey stays grey.
inline noneq::Tensor blurred_axis(std::int64_t n, double width) {
  const auto reach = static_cast<std::int64_t>(std::ceil(4 * width));
  noneq::Tensor a = at::zeros({n, n}, at::kDouble);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t k = i - reach; k <= i + reach; ++k) {
      const std::int64_t folded = (k % (2 * n) + 2 * n) % (2 * n), from = folded < n ? folded : 2 * n - 1 - folded;
      a[i][from] += std::exp(-0.5 * std::pow(static_cast<double>(k - i) / width, 2));
    }
  return a / a.sum(1, true);
}

// The mean of every `factor` pixels; n is a multiple of it.
inline noneq::Tensor averaged_axis(std::int64_t n, std::int64_t factor) {
  return at::eye(n / factor, at::kDouble).repeat_interleave(factor, 1) / static_cast<double>(factor);
}

// Pixels first … first+count−1.
inline noneq::Tensor cut_axis(std::int64_t n, std::int64_t first, std::int64_t count) {
  return at::eye(n, at::kDouble).narrow(0, first, count);
}

}
