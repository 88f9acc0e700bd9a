// What every test of the diffusion room needs: comparison of tensors, coefficients at one t, random numbers.
#pragma once

#include <cmath>

#include "doctest.hpp"
#include "noneq/diffusion/coefficients.hpp"

namespace testing {

// Relative to the larger of |b| and `scale`.
inline bool close(double a, double b, double rel = 1e-10, double scale = 0) {
  return a == b || std::abs(a - b) <= rel * std::max(std::abs(b), scale);
}

inline bool close(const noneq::Tensor& a, const noneq::Tensor& b, double rel = 1e-10, double absolute = 1e-12) {
  return at::allclose(a.to(at::kDouble).expand_as(b), b.to(at::kDouble), rel, absolute);
}

inline bool finite(const noneq::Tensor& x) { return at::isfinite(x).all().item<bool>(); }

inline double value(const noneq::Tensor& x, std::int64_t i) { return x[i].item<double>(); }

inline noneq::Tensor vec(std::vector<double> v) { return at::tensor(v, at::kDouble); }

// Coefficients at the same index for every sample of x.
inline noneq::coefficients same_t(const noneq::tables& t, std::int64_t i, const noneq::Tensor& x) {
  return noneq::coefficients_at(t, at::full({x.size(0)}, i, at::kLong), x);
}

inline at::Generator stream(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

inline noneq::Tensor normal(noneq::sizes shape, at::Generator& g) { return at::randn(shape, g, at::kDouble); }

inline noneq::Tensor uniform(noneq::sizes shape, at::Generator& g) { return at::rand(shape, g, at::kDouble); }

}
