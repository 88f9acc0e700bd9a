// Builds a network layer by layer: each call adds a layer with its weights and returns the value that it makes. For one
// thread.
#pragma once

#include "noneq/compute/layers.hpp"

namespace noneq::compute {

// PyTorch's first weights, uniform in ±1/√(inputs of one output); or zeros, with which a residual branch begins as
// nothing (Ho et al. 2020; Nichol & Dhariwal 2021).
enum class start { uniform, zero };

class builder {
 public:
  // The data of one sample is [channels, length] or [channels, height, width]; convolutions are along one or two axes,
  // padded as `around` has it (of a length as its second).
  builder(std::int64_t channels, const sizes& space, const paddings& around = {});

  const value_shape& shape(value_id v) const { return net_.values[static_cast<std::size_t>(v)]; }

  // A convolution three pixels wide that keeps the size.
  value_id conv(value_id in, const std::string& name, std::int64_t channels, start s = start::uniform);
  // A convolution three pixels wide with stride 2, padded by `width` pixels on each side; 0 pads to half the size,
  // rounded up, at the far side first.
  value_id halve(value_id in, const std::string& name, std::int64_t width);
  // Convolutions one pixel wide, with a weight of a convolution, or of a linear layer.
  value_id pixelwise(value_id in, const std::string& name, std::int64_t channels);
  value_id linear(value_id in, const std::string& name, std::int64_t channels, start s = start::uniform);

  value_id norm(value_id in, const std::string& name, std::int64_t groups, double eps, bool silu,
                value_id modulation = none);
  value_id act(value_id in, activation function);
  value_id add(value_id a, value_id b, double scale = 1);
  value_id concat(value_id a, value_id b);
  value_id slice(value_id in, std::int64_t first, std::int64_t channels);
  value_id upsample(value_id in, const value_shape& like);
  value_id pool(value_id in);
  value_id attention(value_id q, value_id k, value_id v, std::int64_t heads);
  value_id dropout(value_id in, double share);
  value_id sinusoids(std::int64_t channels, sinusoid_layer how);
  value_id vector(std::int64_t channels);
  value_id table(const std::string& name, std::int64_t rows, std::int64_t channels, bool of_time);

  network_layers finish(value_id output) &&;

 private:
  value_id make(value_shape s);
  weight_id weight(std::string name, sizes shape, double spread, double constant = 0);
  value_id convolve(value_id in, const std::string& name, value_shape to, start s, conv_layer how, sizes weight_shape);
  sizes kernel_shape(std::int64_t out, std::int64_t in, std::int64_t width) const;
  template <class Layer>
  value_id push(Layer l, value_shape s) {
    l.out = make(s);
    net_.layers.push_back(l);
    return l.out;
  }

  network_layers net_;
  bool flat_;  // one axis
  paddings around_;
};

}
