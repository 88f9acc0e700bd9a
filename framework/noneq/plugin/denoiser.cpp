#include "noneq/plugin/denoiser.hpp"

#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq {

denoiser::denoiser(noneq::process p, std::shared_ptr<noneq::network> n, std::vector<std::string> conditions)
    : process_(std::move(p)), network_(std::move(n)), conditions_(std::move(conditions)) {
  for (const Tensor& weight : network_->parameters())
    if (weight.is_floating_point()) dtype_ = weight.scalar_type();
}

denoiser denoiser::respaced(const std::vector<std::int64_t>& indices) const {
  denoiser d = *this;
  d.process_ = process_.respaced(indices);
  return d;
}

denoiser denoiser::with_room_for(std::int64_t steps) const {
  denoiser d = *this;
  d.process_ = process_.with_room_for(steps);
  return d;
}

denoiser denoiser::guided(double scale, std::int64_t classes) const {
  if (scale != 1 && !network_->knows_no_class() && network_->knows_without().empty())
    throw error(c10::str("guidance got ", scale,
                         ", need 1: the model was not trained to do without its classes or conditions; train one with "
                         "no_class: true, or with drop"));
  denoiser d = *this;
  d.guidance_ = scale;
  d.no_class_ = classes;
  return d;
}

denoiser denoiser::watched(std::function<void()> before) const {
  denoiser d = *this;
  d.before_ = std::move(before);
  return d;
}

denoiser::prediction denoiser::predict(const Tensor& xt, const Tensor& index, const conditions& given) const {
  prediction p{coefficients_at(process_.tables, index, xt), {}, {}, {}};
  const Tensor seen = process_.seen(index), log_snr = process_.log_snr(index), input = process_.input(xt, p.c),
               x = dtype_ ? input.to(*dtype_) : input;
  const auto forward = [&](const conditions& c) {
    if (before_) before_();
    const Tensor output = network_->forward({x, seen, dtype_ ? c.to(*dtype_) : c, log_snr});
    check_returned_output("the model", output, xt, process_.outputs(), false);
    return process_.split(output.to(xt.scalar_type()));
  };

  auto [z, raw_variance] = forward(given);
  if (guidance_ != 1) {
    conditions none = given;
    if (network_->knows_no_class()) none = none.with("label", at::full(index.sizes(), no_class_, at::kLong));
    for (const std::string& name : network_->knows_without()) none = none.with(name, {});
    const Tensor free = forward(none).z;
    z = free + guidance_ * (z - free);
  }
  const reverse_point here{xt, p.c, *process_.kernel, process_.log_variance(raw_variance, p.c)};
  if (process_.trained.beta.defined()) {
    const coefficients trained = coefficients_at(process_.trained, seen, xt);
    z = process_.mean->of_step(z, {xt, trained, *process_.kernel, process_.log_variance(raw_variance, trained)}, here);
  }
  p.z = z;
  p.reverse = {process_.mean->location(z, here), here.log_variance};
  check_returned_reverse(p.reverse, xt);
  p.x0 = process_.mean->x0(z, here);
  need_tensor("the mean of the process", "x0", p.x0, xt.sizes(), {xt.scalar_type()});
  return p;
}

denoiser::prediction denoiser::predict(const Tensor& xt, std::int64_t i, const conditions& given) const {
  return predict(xt, at::full({xt.size(0)}, i, at::kLong), given);
}

}
