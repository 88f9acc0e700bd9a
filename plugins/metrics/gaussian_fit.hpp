// Mean and covariance of features, and the Fréchet distance between two Gaussians (Dowson & Landau 1982). float64.
#pragma once

#include "noneq/core/tensor.hpp"

namespace shipped {

// Computed block by block: two passes within a block and Chan's formula between them. One thread.
class gaussian_fit {
 public:
  void add(const noneq::Tensor& rows) {  // [n, D]
    const noneq::Tensor x = rows.to(at::kDouble), mean = x.mean(0), centred = x - mean;
    const auto n = static_cast<double>(x.size(0));
    if (count_ == 0) {
      mean_ = mean, scatter_ = centred.t().matmul(centred);
    } else {
      const noneq::Tensor step = mean - mean_;
      scatter_.addmm_(centred.t(), centred).addr_(step, step, 1, count_ * n / (count_ + n));
      mean_ = mean_ + step * (n / (count_ + n));
    }
    count_ += n;
  }

  const noneq::Tensor& mean() const { return mean_; }                   // [D]
  noneq::Tensor covariance() const { return scatter_ / (count_ - 1); }  // [D, D], unbiased

 private:
  double count_ = 0;
  noneq::Tensor mean_, scatter_;
};

// ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁^½ Σ₂ Σ₁^½)^½), squared as in Heusel et al. 2017. The roots are taken of eigenvalues of
// symmetric matrices, so singular covariances need no care; those that rounding makes negative count as 0.
inline double frechet_distance(const noneq::Tensor& mean_1, const noneq::Tensor& covariance_1,
                               const noneq::Tensor& mean_2, const noneq::Tensor& covariance_2) {
  const auto [values, vectors] = at::linalg_eigh(covariance_1);
  const noneq::Tensor root = (vectors * values.clamp_min(0).sqrt()).matmul(vectors.t());
  const noneq::Tensor product = root.matmul(covariance_2).matmul(root);
  const noneq::Tensor common = at::linalg_eigvalsh((product + product.t()) / 2).clamp_min(0).sqrt().sum();
  const noneq::Tensor squared =
      (mean_1 - mean_2).square().sum() + covariance_1.trace() + covariance_2.trace() - 2 * common;
  return std::max(0.0, squared.item<double>());
}

}
