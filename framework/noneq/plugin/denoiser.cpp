#include "noneq/plugin/denoiser.hpp"

namespace noneq {

denoiser::prediction denoiser::predict(const Tensor& xt, const Tensor& index, const Tensor& label) const {
  Tensor seen = index;
  if (!process_.kept.empty()) seen = at::tensor(process_.kept, at::kLong).index_select(0, index);
  const Tensor output = network_->forward({xt, seen, label, process_.log_snr(index)});
  prediction p{at(process_.tables, index, xt), process_.split(output).z, {}, {}};
  p.reverse = process_.reverse(output, xt, p.c);
  p.x0 = process_.mean->x0(p.z, {xt, p.c, *process_.kernel});
  return p;
}

denoiser::prediction denoiser::predict(const Tensor& xt, std::int64_t i, const Tensor& label) const {
  return predict(xt, at::full({xt.size(0)}, i, at::kLong), label);
}

}
