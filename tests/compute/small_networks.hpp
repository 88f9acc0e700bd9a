// Networks that use every kind of layer, small enough to be compared number by number.
#pragma once

#include "noneq/compute/reference.hpp"
#include "noneq/core/random.hpp"

namespace small {

using namespace noneq;
using namespace noneq::compute;

struct builder {
  network_layers n;
  double share = 0;  // dropped in each block

  value_id value(std::int64_t channels, std::int64_t height = 1, std::int64_t width = 1) {
    n.values.push_back({channels, height, width});
    return static_cast<value_id>(n.values.size()) - 1;
  }
  const value_shape& shape(value_id v) const { return n.values[static_cast<std::size_t>(v)]; }
  weight_id weight(sizes shape, double spread, double constant = 0) {
    n.weights.push_back({c10::str("w", n.weights.size()), std::move(shape), spread, constant});
    return static_cast<weight_id>(n.weights.size()) - 1;
  }
  template <class L>
  value_id put(L l) {
    n.layers.push_back(l);
    return n.output = l.out;
  }
  value_id conv(value_id in, std::int64_t channels, std::int64_t kernel = 3, std::int64_t stride = 1,
                bool ahead = true) {
    const value_shape s = shape(in);
    const std::int64_t pad = kernel / 2;
    // With padding on one side only, as networks that were made with another framework have it.
    const std::int64_t before = ahead ? pad : 0;
    const auto size = [&](std::int64_t n) { return (n + before + pad - kernel) / stride + 1; };
    const bool flat = s.height == 1;
    const std::int64_t kh = flat ? 1 : kernel, ph = flat ? 0 : pad, bh = flat ? 0 : before, sh = flat ? 1 : stride;
    const double spread = 1 / std::sqrt(static_cast<double>(s.channels * kh * kernel));
    return put(conv_layer{in,
                          value(channels, flat ? 1 : size(s.height), s.width == 1 ? 1 : size(s.width)),
                          weight({channels, s.channels, kh, kernel}, spread),
                          weight({channels}, spread),
                          {kh, kernel},
                          {sh, stride},
                          {bh, before},
                          {ph, pad}});
  }
  value_id linear(value_id in, std::int64_t out) {
    const double spread = 1 / std::sqrt(static_cast<double>(shape(in).channels));
    return put(conv_layer{in, value(out), weight({out, shape(in).channels}, spread), weight({out}, spread)});
  }
  value_id norm(value_id in, std::int64_t groups, bool silu, value_id modulation = none) {
    const value_shape s = shape(in);
    return put(norm_layer{in, value(s.channels, s.height, s.width), weight({s.channels}, 0.3, 1),
                          weight({s.channels}, 0.3), groups, 1e-5, silu, modulation});
  }
  value_id silu(value_id in) {
    const value_shape s = shape(in);
    return put(activation_layer{in, value(s.channels, s.height, s.width)});
  }
  value_id add(value_id a, value_id b, double scale = 1) {
    const value_shape s = shape(a);
    return put(add_layer{a, b, value(s.channels, s.height, s.width), scale});
  }
  value_id concat(value_id a, value_id b) {
    const value_shape s = shape(a);
    return put(concat_layer{a, b, value(s.channels + shape(b).channels, s.height, s.width)});
  }
  value_id slice(value_id in, std::int64_t first, std::int64_t channels) {
    const value_shape s = shape(in);
    return put(slice_layer{in, value(channels, s.height, s.width), first});
  }
  value_id upsample(value_id in, value_id like) {
    return put(upsample_layer{in, value(shape(in).channels, shape(like).height, shape(like).width)});
  }
  value_id pool(value_id in) {
    const value_shape s = shape(in);
    const auto half = [](std::int64_t size) { return size > 1 ? (size + 1) / 2 : 1; };
    return put(pool_layer{in, value(s.channels, half(s.height), half(s.width))});
  }
  value_id dropout(value_id in) {
    const value_shape s = shape(in);
    return share > 0 ? put(dropout_layer{in, value(s.channels, s.height, s.width), share}) : in;
  }
  value_id attend(value_id in, std::int64_t heads) {
    const value_shape s = shape(in);
    const value_id q = conv(in, s.channels, 1), k = conv(in, s.channels, 1), v = conv(in, s.channels, 1);
    return put(attention_layer{q, k, v, value(s.channels, s.height, s.width), heads});
  }
  // Residual block: norm, conv, + time or modulation by it, norm, conv, + input.
  value_id block(value_id in, value_id time, std::int64_t channels, bool modulate) {
    value_id h = conv(norm(in, 4, true), channels);
    const value_id condition = linear(silu(time), modulate ? 2 * channels : channels);
    h = modulate ? norm(h, 4, true, condition) : norm(add(h, condition), 4, true);
    h = conv(dropout(h), channels);
    return add(h, shape(in).channels == channels ? in : conv(in, channels, 1));
  }
};

// A U-Net of two levels with every kind of layer; sequences when height is 1.
inline network_layers unet(std::int64_t channels, std::int64_t height, std::int64_t width, bool modulate,
                           std::int64_t heads, std::int64_t classes = 0, double share = 0, std::int64_t numbers = 0) {
  builder b;
  b.share = share;
  const value_id x = b.value(channels, height, width);
  value_id time = b.put(sinusoid_layer{b.value(16), false, true, 0.5, 1000, 1.0});
  time = b.linear(b.silu(b.linear(time, 24)), 24);
  if (classes > 0) time = b.add(time, b.put(embedding_layer{b.value(24), b.weight({classes, 24}, 0.5)}));
  if (numbers > 0) time = b.add(time, b.linear(b.silu(b.linear(b.put(vector_layer{b.value(numbers)}), 24)), 24));
  const value_id first = b.conv(x, 16);
  const value_id one = b.block(first, time, 16, modulate);
  const value_id down =
      b.add(b.conv(one, 20, 3, 2, height % 2 == 1 || width % 2 == 1), b.conv(b.pool(one), 20, 1), 0.7);
  const value_id two = b.block(down, time, 20, modulate);
  const value_id mid = b.add(b.conv(b.attend(b.norm(two, 4, false), heads), 20, 1), two);
  const value_id up = b.conv(b.upsample(b.concat(mid, two), one), 16);
  const value_id joined = b.block(b.concat(up, one), time, 16, modulate);
  const value_id last = b.block(b.concat(joined, first), time, 16, modulate);
  b.conv(b.norm(last, 4, true), channels);
  return b.n;
}

// Layers on vectors: what is known besides comes behind the data in x and joins every layer.
inline network_layers perceptron(std::int64_t classes = 0) {
  builder b;
  const value_id x = b.value(11), known = b.slice(x, 4, 7);
  value_id h = b.linear(x, 24);
  if (classes > 0) h = b.add(h, b.put(embedding_layer{b.value(24), b.weight({classes, 24}, 0.5)}));
  h = b.silu(h);
  h = b.add(h, b.silu(b.linear(b.concat(h, known), 24)));
  b.linear(b.concat(b.slice(h, 3, 9), b.slice(h, 0, 5)), 6);
  return b.n;
}

inline network_layers with_activation(network_layers n, activation f) {
  for (layer& l : n.layers)
    if (auto* a = std::get_if<activation_layer>(&l)) a->function = f;
  return n;
}

inline network_layers padded(network_layers n, const paddings& with) {
  for (layer& l : n.layers)
    if (auto* c = std::get_if<conv_layer>(&l)) c->padded_with = with;
  return n;
}

// Every way to pad the two axes.
inline std::vector<paddings> all_paddings() {
  std::vector<paddings> all;
  for (const padding down : {padding::zeros, padding::circular, padding::reflect})
    for (const padding along : {padding::zeros, padding::circular, padding::reflect}) all.push_back({down, along});
  return all;
}

// Some channels of an image are read once, some twice, some never.
inline network_layers sliced(std::int64_t height, std::int64_t width) {
  builder b;
  const value_id h = b.conv(b.value(2, height, width), 16);
  const value_id some = b.conv(b.slice(h, 2, 5), 8), more = b.conv(b.slice(h, 4, 9), 8);
  b.conv(b.add(some, more), 3);
  return b.n;
}

inline std::vector<Tensor> weights(const network_layers& n, std::uint64_t seed) {
  std::vector<Tensor> all;
  for (const weight_spec& w : n.weights)
    all.push_back(((stream(seed).fork(w.name).uniform(w.shape) * 2 - 1) * w.spread + w.constant).requires_grad_());
  return all;
}

struct result {
  Tensor y;
  std::vector<Tensor> gradients;
};

template <class Forward>
result both_passes(const network_layers& n, std::int64_t batch, std::vector<Tensor> w, Forward&& forward) {
  const value_shape s = n.values[0];
  const Tensor x = stream(5).normal({batch, s.channels, s.height, s.width}).to(w[0].scalar_type());
  const Tensor t = at::arange(batch, at::kLong) * 37, label = at::arange(batch, at::kLong).remainder(3);
  layers_input in{x, t, label};
  if (const std::int64_t numbers = vector_size(n); numbers > 0)
    in.vector = stream(7).normal({batch, numbers}).to(w[0].scalar_type());
  const Tensor y = forward(in, w);
  const Tensor towards = stream(6).normal(y.sizes().vec()).to(y.scalar_type());
  (y * towards).sum().backward();
  result r{y.detach(), {}};
  for (const Tensor& weight : w) r.gradients.push_back(weight.grad());
  return r;
}

}
