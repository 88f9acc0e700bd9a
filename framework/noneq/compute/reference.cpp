#include "noneq/compute/reference.hpp"

#include <ATen/ATen.h>

#include "noneq/core/error.hpp"

namespace noneq::compute {
namespace {

struct execution {
  const network_layers& n;
  std::span<const Tensor> weights;
  const layers_input& in;
  std::vector<Tensor> values;
  std::int64_t position = 0;  // of the layer being run: names its dropout noise

  const value_shape& shape(value_id v) const { return n.values[static_cast<std::size_t>(v)]; }
  const Tensor& value(value_id v) const { return values[static_cast<std::size_t>(v)]; }
  const Tensor& weight(weight_id w) const { return weights[static_cast<std::size_t>(w)]; }
  Tensor optional(weight_id w) const { return w == none ? Tensor{} : weight(w); }
  Tensor as_vector(const Tensor& flat) const { return flat.unsqueeze(2).unsqueeze(3); }
  at::ScalarType type() const { return in.x.scalar_type(); }

  Tensor operator()(const conv_layer& l) const {
    const value_shape &from = shape(l.in), &to = shape(l.out);
    const Tensor& w = weight(l.weight);
    if (from.height * from.width == 1 && l.kernel == std::array<std::int64_t, 2>{1, 1})
      return as_vector(at::linear(value(l.in).flatten(1), w.reshape({to.channels, from.channels}), optional(l.bias)));
    const Tensor kernel = w.reshape({to.channels, from.channels, l.kernel[0], l.kernel[1]});
    Tensor x = value(l.in);
    const padding_calls around(l);
    for (const auto& [mode, numbers] : around.pad) x = at::pad(x, numbers, mode);
    return at::conv2d(x, kernel, optional(l.bias), l.stride, around.zeros);
  }

  Tensor operator()(const norm_layer& l) const {
    Tensor y = at::group_norm(value(l.in), l.groups, weight(l.weight), weight(l.bias), l.eps);
    if (l.modulation != none) {
      const auto scale_and_shift = value(l.modulation).chunk(2, 1);
      y = y * (1 + scale_and_shift[0]) + scale_and_shift[1];
    }
    return l.silu ? at::silu(y) : y;
  }

  Tensor operator()(const activation_layer& l) const {
    const Tensor& x = value(l.in);
    switch (l.function) {
      case activation::gelu:
        return at::gelu(x);
      case activation::relu:
        return at::relu(x);
      case activation::tanh:
        return at::tanh(x);
      case activation::sigmoid:
        return at::sigmoid(x);
      case activation::silu:
        break;
    }
    return at::silu(x);
  }

  Tensor operator()(const add_layer& l) const {
    const Tensor sum = value(l.a) + value(l.b);
    return l.scale == 1 ? sum : sum * l.scale;
  }

  Tensor operator()(const concat_layer& l) const { return at::cat({value(l.a), value(l.b)}, 1); }

  Tensor operator()(const slice_layer& l) const { return value(l.in).narrow(1, l.first, shape(l.out).channels); }

  Tensor operator()(const upsample_layer& l) const {
    return at::upsample_nearest2d(value(l.in), {shape(l.out).height, shape(l.out).width});
  }

  Tensor operator()(const pool_layer& l) const {
    const value_shape& from = shape(l.in);
    const sizes window{from.height > 1 ? 2 : 1, from.width > 1 ? 2 : 1};
    return at::avg_pool2d(value(l.in), window, window, {0, 0}, true, false);
  }

  Tensor operator()(const attention_layer& l) const {
    const value_shape& s = shape(l.q);
    const std::int64_t width = s.channels / l.heads;
    const auto heads = [&](value_id v) { return value(v).reshape({-1, l.heads, width, s.height * s.width}); };
    const Tensor logits = at::matmul(heads(l.q).transpose(2, 3), heads(l.k)) / std::sqrt(static_cast<double>(width));
    const Tensor mixed = at::matmul(heads(l.v), at::softmax(logits, 3).transpose(2, 3));
    return mixed.reshape({-1, s.channels, s.height, s.width});
  }

  Tensor operator()(const sinusoid_layer& l) const {
    return as_vector(sinusoids(l, index(l.of_label), shape(l.out).channels).to(type()));
  }

  Tensor operator()(const embedding_layer& l) const {
    const Tensor& table = weight(l.weight);
    const Tensor i = index(!l.of_time).to(at::kLong);
    for (const Tensor& extreme : {i.min(), i.max()})
      if (const auto k = extreme.item<std::int64_t>(); k < 0 || k >= table.size(0))
        throw error("got " + std::to_string(k) + ", need a value in [0, " + std::to_string(table.size(0) - 1) + "]",
                    l.of_time ? "t" : "label");
    return as_vector(at::embedding(table, i));
  }

  Tensor operator()(const vector_layer&) const { return as_vector(in.vector.to(type())); }

  Tensor operator()(const dropout_layer& l) const {
    const Tensor& x = value(l.in);
    if (in.dropout == nullptr || l.share == 0) return x;
    const Tensor kept = in.dropout->fork(position).uniform(x.sizes().vec(), in.first).ge(l.share);
    return x * (kept.to(type()) / (1 - l.share));
  }

  Tensor index(bool of_label) const {
    const Tensor& i = of_label ? in.label : in.t;
    if (!i.defined()) throw error("is missing; the network needs one for every sample", of_label ? "label" : "t");
    return i;
  }
};

// For each value the number of the last layer that reads it.
std::vector<std::size_t> last_uses(const network_layers& n) {
  std::vector<std::size_t> last(n.values.size(), 0);
  for (std::size_t k = 0; k < n.layers.size(); ++k)
    for (const value_id v : read_by(n.layers[k])) last[static_cast<std::size_t>(v)] = k;
  last[static_cast<std::size_t>(n.output)] = n.layers.size();
  return last;
}

}

void check_input(const network_layers& n, const layers_input& in) {
  const value_shape& s = n.values[0];
  if (in.x.dim() < 2 || in.x.numel() != in.x.size(0) * s.channels * s.height * s.width)
    throw error("got x of shape " + to_string(in.x.sizes().vec()) + ", need " +
                    to_string({in.x.dim() > 0 ? in.x.size(0) : 0, s.channels, s.height, s.width}),
                "x");
  for (const auto& [name, index] : {std::pair{"t", &in.t}, std::pair{"label", &in.label}}) {
    if (!index->defined()) continue;
    if (index->sizes() != at::IntArrayRef{in.x.size(0)})
      throw error("got shape " + to_string(index->sizes().vec()) + ", need " + to_string({in.x.size(0)}), name);
    const bool between = index == &in.t && index->scalar_type() == at::kDouble;
    if (index->scalar_type() != at::kLong && !between)
      throw error(c10::str("got numbers of type ", index->scalar_type(), ", need int64"), name);
  }
  const std::int64_t numbers = vector_size(n);
  if (numbers == 0) return;
  if (!in.vector.defined()) throw error("is missing; the network needs one for every sample", "vector");
  if (in.vector.sizes() != at::IntArrayRef{in.x.size(0), numbers})
    throw error("got shape " + to_string(in.vector.sizes().vec()) + ", need " + to_string({in.x.size(0), numbers}),
                "vector");
}

Tensor run_reference(const network_layers& n, std::span<const Tensor> weights, const layers_input& in) {
  check_input(n, in);
  const value_shape& s = n.values[0];
  execution run{n, weights, in, std::vector<Tensor>(n.values.size())};
  run.values[0] = in.x.reshape({in.x.size(0), s.channels, s.height, s.width});
  const std::vector<std::size_t> last = last_uses(n);
  for (std::size_t k = 0; k < n.layers.size(); ++k) {
    run.position = static_cast<std::int64_t>(k);
    run.values[static_cast<std::size_t>(written_by(n.layers[k]))] = std::visit(run, n.layers[k]);
    for (const value_id v : read_by(n.layers[k]))
      if (last[static_cast<std::size_t>(v)] == k) run.values[static_cast<std::size_t>(v)] = Tensor{};
  }
  return run.value(n.output);
}

padding_calls::padding_calls(const conv_layer& l) {
  const bool even = l.pad_before == l.pad_after;
  for (const auto& [mode, p] :
       {std::pair{"constant", padding::zeros}, {"circular", padding::circular}, {"reflect", padding::reflect}}) {
    sizes around(4, 0);
    for (std::size_t axis = 0; axis < 2; ++axis) {
      if (l.padded_with[axis] != p) continue;
      if (p == padding::zeros && even) {
        zeros[axis] = l.pad_before[axis];
      } else {
        around[2 - 2 * axis] = l.pad_before[axis];
        around[3 - 2 * axis] = l.pad_after[axis];
      }
    }
    if (around != sizes(4, 0)) pad.emplace_back(mode, around);
  }
}

Tensor sinusoid_frequencies(const sinusoid_layer& l, std::int64_t n) {
  const double count = static_cast<double>(n / 2) - l.shift;
  return at::exp(at::arange(n / 2, at::kDouble) * (-std::log(l.period) / count)) * l.scale;
}

Tensor sinusoids(const sinusoid_layer& l, const Tensor& index, std::int64_t n) {
  const Tensor angle = index.to(at::kDouble).unsqueeze(1) * sinusoid_frequencies(l, n);
  return l.cosine_first ? at::cat({angle.cos(), angle.sin()}, 1) : at::cat({angle.sin(), angle.cos()}, 1);
}

Tensor initial_weight(const weight_spec& w, const stream& s) {
  if (w.spread == 0) return at::full(w.shape, w.constant, at::kFloat);
  return (2 * s.fork(w.name).uniform(w.shape) - 1) * w.spread + w.constant;
}

}
