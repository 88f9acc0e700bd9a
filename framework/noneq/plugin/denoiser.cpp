#include "noneq/plugin/denoiser.hpp"

#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq {

denoiser::denoiser(noneq::process p, std::shared_ptr<noneq::network> n)
    : process_(std::move(p)), network_(std::move(n)) {
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
  if (scale != 1 && !network_->knows_no_class())
    throw error(c10::str("guidance got ", scale,
                         ", need 1: the model does not know 'no class'; train one with classes that does"));
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

denoiser::prediction denoiser::predict(const Tensor& xt, const Tensor& index, const Tensor& label,
                                       const Tensor& x0_hat) const {
  const Tensor seen = process_.seen(index);
  const Tensor log_snr = process_.log_snr(index);
  const auto as_weights = [&](const Tensor& x) { return dtype_ && x.defined() ? x.to(*dtype_) : x; };
  const auto ask = [&](const Tensor& of_class) {
    if (before_) before_();
    network_input in{as_weights(xt), seen, of_class, log_snr};
    if (network_->self_conditioned()) in.x0_hat = as_weights(x0_hat);
    const Tensor output = network_->forward(in);
    check_returned_output("the model", output, xt, process_.outputs(), false);
    return process_.split(output.to(xt.scalar_type()));
  };

  prediction p{at(process_.tables, index, xt), {}, {}, {}};
  auto [z, raw_variance] = ask(label);
  if (guidance_ != 1) {
    const Tensor free = ask(at::full_like(index, no_class_)).z;
    z = free + guidance_ * (z - free);
  }
  const reverse_point here{xt, p.c, *process_.kernel, process_.log_variance(raw_variance, p.c)};
  if (process_.trained.beta.defined()) {
    const coefficients trained = at(process_.trained, seen, xt);
    z = process_.mean->of_step(z, {xt, trained, *process_.kernel, process_.log_variance(raw_variance, trained)}, here);
  }
  p.z = z;
  p.reverse = {process_.mean->location(z, here), here.log_variance};
  check_returned_reverse(p.reverse, xt);
  p.x0 = process_.mean->x0(z, here);
  need_tensor("the mean of the process", "x0", p.x0, xt.sizes(), {xt.scalar_type()});
  return p;
}

denoiser::prediction denoiser::predict(const Tensor& xt, std::int64_t i, const Tensor& label,
                                       const Tensor& x0_hat) const {
  return predict(xt, at::full({xt.size(0)}, i, at::kLong), label, x0_hat);
}

}
