#include "noneq/compute/detail/plan.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "noneq/compute/detail/kernels/pixels.hpp"
#include "noneq/compute/detail/placement.hpp"
#include "noneq/core/gradient_listener.hpp"

namespace noneq::compute {

std::string not_compilable(const network_layers& n) {
  const flow_of_values f(n);
  std::vector<int> uses(n.weights.size(), 0);
  for (const layer& l : n.layers) {
    for (const weight_id w : weights_of(l))
      if (++uses[static_cast<std::size_t>(w)] > 1)
        return "the weight " + n.weights[static_cast<std::size_t>(w)].name + " serves two layers";
    if (const auto in = read_by(l); !in.empty() && !works_on_vectors(l) && f.vector[static_cast<std::size_t>(in[0])])
      return "a layer over pixels reads a vector";
    if (!std::holds_alternative<conv_layer>(l) && !std::holds_alternative<add_layer>(l))
      for (const value_id v : read_by(l))
        if (!f.vector[static_cast<std::size_t>(v)] && !f.trained[static_cast<std::size_t>(v)])
          return "a layer other than a convolution reads x";
  }
  return "";
}

namespace {

// Makes the node of each kind of layer.
struct maker {
  const network_layers& n;
  const flow_of_values& f;
  const placement& places;
  int layer;
  const site& s;

  operand at(value_id v) const { return places.seen_by(layer, v); }

  std::unique_ptr<node> operator()(const conv_layer& l) const {
    const operand in = at(l.in), out = at(l.out);
    return in.vector ? make_linear(l, in, out, s) : make_conv(l, in, out, s);
  }
  std::unique_ptr<node> operator()(const norm_layer& l) const {
    const add_layer* sum = f.fused_into(n, layer);
    const operand in = at(sum ? sum->a : l.in), out = at(l.out);
    const operand added = sum ? at(sum->b) : operand{},
                  modulation = l.modulation != none ? at(l.modulation) : operand{};
    return make_norm(l, in, l.modulation != none ? &modulation : nullptr, sum ? &added : nullptr, out, s);
  }
  std::unique_ptr<node> operator()(const activation_layer& l) const {
    return make_activation(l, at(l.in), at(l.out), s);
  }
  std::unique_ptr<node> operator()(const add_layer& l) const { return make_add(l, at(l.a), at(l.b), at(l.out), s); }
  std::unique_ptr<node> operator()(const concat_layer& l) const { return make_concat(at(l.a), at(l.b), at(l.out), s); }
  std::unique_ptr<node> operator()(const slice_layer& l) const { return make_slice(l, at(l.in), at(l.out), s); }
  std::unique_ptr<node> operator()(const upsample_layer& l) const { return make_upsample(at(l.in), at(l.out), s); }
  std::unique_ptr<node> operator()(const pool_layer& l) const { return make_pool(at(l.in), at(l.out), s); }
  std::unique_ptr<node> operator()(const attention_layer& l) const {
    return make_attention(l, at(l.q), at(l.k), at(l.v), at(l.out), s);
  }
  std::unique_ptr<node> operator()(const sinusoid_layer& l) const { return make_sinusoid(l, at(l.out), s); }
  std::unique_ptr<node> operator()(const embedding_layer& l) const {
    return make_embedding(l, n.weights[static_cast<std::size_t>(l.weight)].shape[0], at(l.out), s);
  }
  std::unique_ptr<node> operator()(const vector_layer& l) const { return make_vector(at(l.out), s); }
  std::unique_ptr<node> operator()(const dropout_layer& l) const {
    return make_dropout(l, layer, at(l.in), at(l.out), s);
  }
};

}

compiled_plan::compiled_plan(const network_layers& n, std::int64_t batch, precision of, bool training,
                             packed_weights& weights)
    : batch_(batch), training_(training), gradients_(n.weights.size()) {
  const flow_of_values f(n);
  arena_plan buffers;
  const placement places(n, f, static_cast<std::size_t>(batch), of, training, buffers);
  for (int i = 0; i < static_cast<int>(n.layers.size()); ++i) {
    if (f.fused[static_cast<std::size_t>(i)] == i) continue;
    const site s{static_cast<std::size_t>(batch), training, buffers, places.forward_moment(i),
                 places.backward_moment(i),       weights,  scratch_};
    nodes_.push_back(std::visit(maker{n, f, places, i, s}, n.layers[static_cast<std::size_t>(i)]));
    weights_.push_back(weights_of(n.layers[static_cast<std::size_t>(i)]));
  }
  input_ = places.seen_by(none, 0);
  output_ = places.output();
  vector_gradients_ = places.vector_gradients();
  scratch_offset_ = buffers.place();
  offsets_ = buffers.offsets();
  memory_.emplace(scratch_offset_ + scratch_);
}

// Converts between libtorch's layout and pixels, one call a sample; where a sample is one pixel the two layouts are
// equal, and one call converts all.
struct transfer {
  transfer(const operand& o, std::int64_t batch) {
    const bool same = o.pixels() == 1;
    calls = same ? 1 : static_cast<std::size_t>(batch);
    channels = same ? o.channels() * static_cast<std::size_t>(batch) : o.channels();
  }
  std::size_t calls, channels;
};

running compiled_plan::run(const known& beside, const std::vector<Tensor>& weights, const stream* dropout,
                           std::int64_t first) {
  return {memory_->data(), offsets_, memory_->data() + scratch_offset_, weights, gradients_, beside,
          dropout,         first,    dnnl::stream(onednn::cpu())};
}

Tensor compiled_plan::forward(const Tensor& x, const known& beside, const std::vector<Tensor>& weights,
                              const stream* dropout, std::int64_t first) {
  const running r = run(beside, weights, dropout, first);
  const transfer in(input_, batch_), out(output_, batch_);
  for (std::size_t b = 0; b < in.calls; ++b)
    to_pixels(input_.of, input_.pixels(), in.channels, x.data_ptr<float>() + b * input_.numbers(), r.value(input_, b));
  for (const auto& n : nodes_) n->forward(r);
  Tensor y = at::empty({batch_, output_.shape.channels, output_.shape.height, output_.shape.width}, at::kFloat);
  for (std::size_t b = 0; b < out.calls; ++b)
    from_pixels(output_.of, output_.pixels(), out.channels, r.value(output_, b),
                y.data_ptr<float>() + b * output_.numbers());
  return y;
}

// One after another in one piece of memory, so that callers can use them as one vector. Large memory from the system
// costs more than the work on it, so a plan keeps its own, unless a caller still holds the last result. In the order in
// which the weights lie in memory: where those are parts of a vector, their gradients are parts of one too.
std::vector<Tensor> compiled_plan::room_for_gradients(const std::vector<Tensor>& weights) {
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t k) { return weights[k].data_ptr(); });
  std::int64_t numbers = 0;
  for (const Tensor& w : weights) numbers += w.numel();
  if (!gradient_memory_.defined() || gradient_memory_.storage().use_count() > 1)
    gradient_memory_ = at::empty({numbers}, at::kFloat);
  std::vector<Tensor> result(weights.size());
  numbers = 0;
  for (const std::size_t k : order) {
    result[k] = gradient_memory_.narrow(0, numbers, weights[k].numel()).view(weights[k].sizes());
    numbers += weights[k].numel();
  }
  return result;
}

std::vector<Tensor> compiled_plan::backward(const Tensor& gradient, const known& beside,
                                            const std::vector<Tensor>& weights) {
  const std::vector<Tensor> result = room_for_gradients(weights);
  for (std::size_t i = 0; i < result.size(); ++i) gradients_[i] = result[i].data_ptr<float>();
  const running r = run(beside, weights, nullptr, 0);
  for (const auto& [buffer, bytes] : vector_gradients_) std::memset(r.at(buffer), 0, bytes);
  const transfer out(output_, batch_);
  for (std::size_t b = 0; b < out.calls; ++b)
    to_pixels(output_.gradient_of, output_.pixels(), out.channels, gradient.data_ptr<float>() + b * output_.numbers(),
              r.gradient(output_, b));
  gradient_listener* const listener = listener_here();
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    nodes_[i]->backward(r);
    if (listener == nullptr) continue;
    for (const weight_id w : weights_[i])
      listener->found(weights[static_cast<std::size_t>(w)], result[static_cast<std::size_t>(w)]);
  }
  return result;
}

}
