// (x − shift)/scale of stored numbers, without losing digits of numbers far from 0. Pure, thread-safe.
#pragma once

#include "noneq/core/row_kernels.hpp"
#include "numbers.hpp"

namespace shipped {

// Returns contiguous numbers of exact_type. shift and scale are float64 and broadcastable to a sample.
inline noneq::Tensor shifted_and_scaled(const noneq::Tensor& x, const noneq::Tensor& shift,
                                        const noneq::Tensor& scale) {
  if (x.scalar_type() == at::kByte && shift.numel() == 1 && scale.numel() == 1) {  // in one pass
    const noneq::Tensor bytes = x.contiguous(), out = at::empty(bytes.sizes(), at::kFloat);
    noneq::rows::normalise(bytes.numel(), bytes.data_ptr<std::uint8_t>(), shift.item<float>(), scale.item<float>(),
                           out.data_ptr<float>());
    return out;
  }
  // Numbers that are equal in float32 before the shift is subtracted may be far apart after it.
  const auto type = exact_type(x.scalar_type()),
             exact = noneq::normalisation{shift, scale}.coarse_in_float32() ? at::kDouble : type;
  return ((x.to(exact) - shift.to(exact)) / scale.to(exact)).to(type).contiguous();
}

}
