// The reference execution of a network: one libtorch call a layer, so that autograd works through it and the compiled
// execution can be compared with it. Any floating precision: that of the weights. Thread-safe: nothing is kept between
// calls.
#pragma once

#include <span>

#include "noneq/compute/layers.hpp"
#include "noneq/core/random.hpp"

namespace noneq::compute {

struct layers_input {
  Tensor x;      // [B, …] with channels·height·width numbers of value 0 each, in the weights' type
  Tensor t;      // int64 [B]: step index from 0; float64 between the steps, for sinusoids
  Tensor label;  // int64 [B]; undefined when nothing reads it
  const stream* dropout = nullptr;  // training: the noise of dropout layers; null: none is dropped
  std::int64_t first = 0;           // index of the first sample within the stream
  Tensor vector{};                  // [B, numbers], of any floating type; undefined when nothing reads it
};

// Throws noneq::error unless x has the size of value 0, t and label, where given, one number for each sample, and
// vector, where it is read, one row.
void check_input(const network_layers& n, const layers_input& in);

// Returns the output value [B, channels, height, width]. `weights` in the order of n.weights; a weight of the right
// size with another number of dimensions is accepted. Throws noneq::error for x of another size, or a label or t
// outside its table.
Tensor run_reference(const network_layers& n, std::span<const Tensor> weights, const layers_input& in);

// How libtorch pads a convolution's input: by calls of pad(x, numbers, mode), with numbers {left, right, above, below};
// the zeros that are left, {height, width} on each side, conv2d adds itself.
struct padding_calls {
  explicit padding_calls(const conv_layer& l);
  std::vector<std::pair<const char*, sizes>> pad;
  std::array<std::int64_t, 2> zeros{0, 0};
};

// Returns the sinusoids [B, n] of `index` ([B]) for a layer of n numbers, computed in float64.
Tensor sinusoids(const sinusoid_layer& l, const Tensor& index, std::int64_t n);
// Returns their angles per unit of t, float64 [n/2].
Tensor sinusoid_frequencies(const sinusoid_layer& l, std::int64_t n);

// Returns first weights: constant + uniform numbers in ±spread, from the stream's fork of the weight's name; float32.
Tensor initial_weight(const weight_spec& w, const stream& s);

}
