#include "noneq/compute/compiled.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include "noneq/compute/detail/plan_pool.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/threads.hpp"

namespace noneq::compute {

struct compiled_network::implementation {
  implementation(network_layers n, precision p)
      : net(std::move(n)), undropped(without_dropout(net)), of(p), drops(undropped.layers.size() < net.layers.size()) {}

  network_layers net, undropped;
  precision of;
  bool drops;  // has dropout
  bool asks_t = false, asks_label = false, asks_vector = false;
  packed_weights packed;
  plan_pool plans;

  std::unique_ptr<compiled_plan> take(const plan_kind& k) {
    return plans.take(
        k, [&] { return std::make_unique<compiled_plan>(k.drops ? net : undropped, k.batch, of, k.training, packed); });
  }
};

namespace {

using implementation = compiled_network::implementation;

// A plan in use, which returns to the pool with its last owner.
struct lease : torch::CustomClassHolder {
  lease(std::shared_ptr<implementation> from, const plan_kind& k)
      : owner(std::move(from)), of(k), plan(owner->take(of)) {}
  ~lease() override { owner->plans.give_back(of, std::move(plan)); }

  std::shared_ptr<implementation> owner;
  plan_kind of;
  std::unique_ptr<compiled_plan> plan;
  Tensor t, label, vector;
  const stream* dropout = nullptr;  // while the call lasts
  std::int64_t first = 0;
  std::vector<Tensor> weights;

  // The numbers beside x.
  known beside() const {
    return {t.defined() ? t.data_ptr<double>() : nullptr, label.defined() ? label.data_ptr<std::int64_t>() : nullptr,
            vector.defined() ? vector.data_ptr<float>() : nullptr};
  }
  Tensor forward(const Tensor& x) {
    owner->packed.refresh(weights);
    return plan->forward(x, beside(), weights, dropout, first);
  }
};

struct compiled_function : torch::autograd::Function<compiled_function> {
  static Tensor forward(torch::autograd::AutogradContext* context, c10::intrusive_ptr<lease> held, const Tensor& x,
                        at::TensorList) {
    Tensor y = held->forward(x);
    context->saved_data["lease"] = c10::IValue::make_capsule(std::move(held));
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradient) {
    prepare_worker_thread();
    auto held = c10::static_intrusive_pointer_cast<lease>(context->saved_data.at("lease").toCapsule());
    std::vector<Tensor> of_weights =
        held->plan->backward(gradient[0].to(at::kFloat).contiguous(), held->beside(), held->weights);
    torch::autograd::variable_list result{Tensor{}, Tensor{}};  // the lease's and x's
    result.insert(result.end(), of_weights.begin(), of_weights.end());
    return result;
  }
};

}

compiled_network::compiled_network(network_layers n, precision of)
    : self_(std::make_shared<implementation>(std::move(n), of)) {
  self_->asks_vector = vector_size(self_->net) > 0;
  for (const layer& l : self_->net.layers) {
    const auto* s = std::get_if<sinusoid_layer>(&l);
    const auto* e = std::get_if<embedding_layer>(&l);
    self_->asks_label |= (s && s->of_label) || (e && !e->of_time);
    self_->asks_t |= (s && !s->of_label) || (e && e->of_time);
  }
}

compiled_network::~compiled_network() = default;

Tensor compiled_network::forward(const layers_input& in, std::span<const Tensor> weights) {
  prepare_worker_thread();
  check_input(self_->net, in);
  if (self_->asks_t && !in.t.defined()) throw error("is missing; the network needs one for every sample", "t");
  if (self_->asks_label && !in.label.defined())
    throw error("is missing; the network needs one for every sample", "label");
  const bool training = at::GradMode::is_enabled() &&
                        std::any_of(weights.begin(), weights.end(), [](const Tensor& w) { return w.requires_grad(); });
  auto held =
      c10::make_intrusive<lease>(self_, plan_kind{in.x.size(0), training, self_->drops && in.dropout != nullptr});
  held->dropout = in.dropout;
  held->first = in.first;
  held->t = self_->asks_t ? in.t.to(at::kDouble).contiguous() : Tensor{};
  held->label = self_->asks_label ? in.label.contiguous() : Tensor{};
  held->vector = self_->asks_vector ? in.vector.detach().to(at::kFloat).contiguous() : Tensor{};
  held->weights.assign(weights.begin(), weights.end());
  const Tensor input = in.x.detach().to(at::kFloat).contiguous();
  return training ? compiled_function::apply(held, input, at::TensorList(held->weights)) : held->forward(input);
}

}
