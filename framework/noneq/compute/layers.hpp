// A network as plain data: values that flow, and layers in running order that make one value of others. One
// description, two executions: `reference` (libtorch's autograd) and `compiled` (a static plan on vectorised kernels).
// A value is [B, channels, height, width]; sequences have height 1, vectors height and width 1.
// Values; thread-safe when const.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::compute {

using value_id = int;   // index into network_layers::values
using weight_id = int;  // index into network_layers::weights
constexpr int none = -1;

struct value_shape {
  std::int64_t channels, height = 1, width = 1;
};

// A trained tensor; its first value is `constant` plus a uniform number in ±`spread`.
struct weight_spec {
  std::string name;  // dotted, as in a state dictionary: "mid_block.resnets.0.conv1.weight"
  sizes shape;
  double spread = 0, constant = 0;
};

// The values that a convolution reads beyond an axis of n pixels: zeros; the pixels from the other end of a periodic
// axis (pixel n − 1 at −1, pixel 0 at n); or the mirror image of the axis (pixel 1 at −1, pixel n − 2 at n).
enum class padding { zeros, circular, reflect };
using paddings = std::array<padding, 2>;  // {height, width}

// Returns the pixel that is read at position i of an axis of n pixels; `none` where a zero is read. Requires −n ≤ i <
// 2n, and for reflect −n < i < 2n − 1.
std::int64_t pixel_at(std::int64_t i, std::int64_t n, padding p);

// Cross-correlation over padded pixels. A 1×1 kernel on a vector is a linear layer; a weight may have any shape of
// out·in·kernel numbers in that order.
struct conv_layer {
  value_id in, out;
  weight_id weight, bias = none;
  std::array<std::int64_t, 2> kernel{1, 1}, stride{1, 1}, pad_before{0, 0}, pad_after{0, 0};  // {height, width}
  paddings padded_with{};

  // Returns whether it reads squares of an odd width around every pixel.
  bool reads_squares(std::int64_t of) const {
    using both = std::array<std::int64_t, 2>;
    const both around{of / 2, of / 2};
    return kernel == both{of, of} && stride == both{1, 1} && pad_before == around && pad_after == around;
  }
};

// Group normalisation (Wu & He 2018); with a modulation vector [scale, shift] of 2·channels numbers n·(1 + scale) +
// shift (Nichol & Dhariwal 2021); then, where `silu` is set, x·σ(x).
struct norm_layer {
  value_id in, out;
  weight_id weight, bias;
  std::int64_t groups;
  double eps = 1e-5;
  bool silu = false;
  value_id modulation = none;
};

enum class activation { silu, gelu, relu, tanh, sigmoid };
struct activation_layer {
  value_id in, out;
  activation function = activation::silu;
};

// (a + b)·scale; b may be a vector, added to every pixel.
struct add_layer {
  value_id a, b, out;
  double scale = 1;
};

// Channels of a, then of b.
struct concat_layer {
  value_id a, b, out;
};

// The channels from `first` on, as many as `out` has.
struct slice_layer {
  value_id in, out;
  std::int64_t first;
};

// Nearest neighbour, to the size of `out`: pixel y reads ⌊y·in/out⌋.
struct upsample_layer {
  value_id in, out;
};

// Mean over windows of 2 in each dimension longer than 1; the last window of an odd size is one pixel.
struct pool_layer {
  value_id in, out;
};

// Softmax attention over pixels: per head h softmax(q_hᵀk_h/√(channels/heads)) v_h. Heads are consecutive channels.
struct attention_layer {
  value_id q, k, v, out;
  std::int64_t heads = 1;
};

// Sinusoids of t, or of the label: frequencies period^(−i/(n/2 − shift)) for i < n/2 (Vaswani et al. 2017).
struct sinusoid_layer {
  value_id out;
  bool of_label = false, cosine_first = false;
  double shift = 0, period = 10000, scale = 1;  // of scale·t
};

// A row of a table for each label, [classes (+1), n], where the extra row stands for "no class"; or for each t, [T, n].
struct embedding_layer {
  value_id out;
  weight_id weight;
  bool of_time = false;
};

// The vector that is given beside each sample of x, float32 [B, channels].
struct vector_layer {
  value_id out;
};

// Zeroes a share of the numbers in training and scales the rest by 1/(1 − share).
struct dropout_layer {
  value_id in, out;
  double share;
};

using layer =
    std::variant<conv_layer, norm_layer, activation_layer, add_layer, concat_layer, slice_layer, upsample_layer,
                 pool_layer, attention_layer, sinusoid_layer, embedding_layer, vector_layer, dropout_layer>;

struct network_layers {
  std::vector<value_shape> values;  // value 0 is x (with x̂⁰ behind it along the channels, when self-conditioned)
  std::vector<weight_spec> weights;
  std::vector<layer> layers;
  value_id output = none;
};

value_id written_by(const layer& l);
std::vector<value_id> read_by(const layer& l);
std::vector<weight_id> weights_of(const layer& l);

// Returns how many numbers the vectors beside x have; 0 where the network reads none.
std::int64_t vector_size(const network_layers& n);

// Returns the network without its dropout layers, as it is when it is not trained.
network_layers without_dropout(network_layers n);

}
