// The tensor type of the project: libtorch's, under one name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace noneq {

using Tensor = at::Tensor;
using sizes = std::vector<std::int64_t>;

// "[2, 1, 16, 16]", for messages.
std::string to_string(const sizes& s);

// Coefficients [B] as [B, 1, …, 1], so that they multiply x [B, …] sample by sample.
Tensor broadcast_like(const Tensor& per_sample, const Tensor& x);

// Sums x [B, …] over all but the first dimension: [B].
Tensor sum_per_sample(const Tensor& x);

}
