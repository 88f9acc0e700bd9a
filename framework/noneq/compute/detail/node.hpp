// One layer of a compiled network, bound to its place in the plan: its inputs and outputs are fixed when the plan is
// made. A plan and its nodes serve one thread at a time.
#pragma once

#include <memory>

#include "noneq/compute/detail/arena.hpp"
#include "noneq/compute/detail/packed_weights.hpp"
#include "noneq/compute/layers.hpp"
#include "noneq/core/random.hpp"

namespace noneq::compute {

// A value as one layer reads or writes it. Pixels are [batch, height, width, channels]; vectors and their gradients
// float32.
struct operand {
  value_shape shape;
  precision of, gradient_of;
  buffer_id value = none;
  buffer_id gradient = none;  // none: no gradient is needed
  bool add = false;           // this layer adds to the gradient instead of writing it
  bool vector = false;
  bool doubled = false;  // every pixel four times, two by two: made by upsampling to twice the size

  bool narrow() const { return of == precision::bf16 && gradient_of == precision::bf16; }
  std::size_t pixels() const { return static_cast<std::size_t>(shape.height * shape.width); }
  std::size_t channels() const { return static_cast<std::size_t>(shape.channels); }
  std::size_t numbers() const { return pixels() * channels(); }  // of one sample
};

// The numbers beside x, each for all samples of the batch; null when not given.
struct known {
  const double* t;
  const std::int64_t* label;
  const float* vector;  // [batch, numbers]
};

// The arguments of a running plan's nodes.
struct running {
  std::byte* memory;
  const std::vector<std::size_t>& offsets;
  std::byte* scratch;
  const std::vector<Tensor>& weights;
  const std::vector<float*>& gradients;  // of the weights
  known beside;
  const noneq::stream* dropout;  // on the way forward, where something is dropped
  std::int64_t first;            // index of the first sample within it
  dnnl::stream stream;

  void* at(buffer_id b) const { return memory + offsets[static_cast<std::size_t>(b)]; }
  float* floats(buffer_id b) const { return static_cast<float*>(at(b)); }
  void* value(const operand& o, std::size_t sample) const {
    return static_cast<std::byte*>(at(o.value)) + sample * o.numbers() * bytes_of(o.of);
  }
  void* gradient(const operand& o, std::size_t sample) const {
    return static_cast<std::byte*>(at(o.gradient)) + sample * o.numbers() * bytes_of(o.gradient_of);
  }
  const float* weight(weight_id w) const { return weights[static_cast<std::size_t>(w)].data_ptr<float>(); }
  float* weight_gradient(weight_id w) const { return gradients[static_cast<std::size_t>(w)]; }
};

struct node {
  virtual ~node() = default;
  virtual void forward(const running& r) = 0;
  virtual void backward(const running&) {}
};

// The part of the plan that a node may use while it is made.
struct site {
  std::size_t batch;
  bool training;
  arena_plan& buffers;
  int now, then;  // moments of its forward and backward work
  packed_weights& weights;
  std::size_t& scratch;  // bytes a node may use while it works: the largest number requested

  buffer_id keep(std::size_t bytes) const { return buffers.add(bytes, now, training ? then : now); }
  void need_scratch(std::size_t bytes) const { scratch = std::max(scratch, bytes); }
};

std::unique_ptr<node> make_conv(const conv_layer& l, const operand& in, const operand& out, const site& s);
// Returns a convolution by Winograd's filtering; null where there is none, or it is not the faster way.
std::unique_ptr<node> make_winograd(const conv_layer& l, const operand& in, const operand& out, const site& s);
std::unique_ptr<node> make_linear(const conv_layer& l, const operand& in, const operand& out, const site& s);
// modulation and added: null when there is none. `added` is a vector that is added to x before it is normalised.
std::unique_ptr<node> make_norm(const norm_layer& l, const operand& in, const operand* modulation, const operand* added,
                                const operand& out, const site& s);
std::unique_ptr<node> make_attention(const attention_layer& l, const operand& q, const operand& k, const operand& v,
                                     const operand& out, const site& s);
std::unique_ptr<node> make_add(const add_layer& l, const operand& a, const operand& b, const operand& out,
                               const site& s);
std::unique_ptr<node> make_concat(const operand& a, const operand& b, const operand& out, const site& s);
std::unique_ptr<node> make_slice(const slice_layer& l, const operand& in, const operand& out, const site& s);
std::unique_ptr<node> make_upsample(const operand& in, const operand& out, const site& s);
std::unique_ptr<node> make_pool(const operand& in, const operand& out, const site& s);
std::unique_ptr<node> make_activation(const activation_layer& l, const operand& in, const operand& out, const site& s);
std::unique_ptr<node> make_sinusoid(const sinusoid_layer& l, const operand& out, const site& s);
// `layer` is its number, by which the reference forks the noise.
std::unique_ptr<node> make_dropout(const dropout_layer& l, int layer, const operand& in, const operand& out,
                                   const site& s);
std::unique_ptr<node> make_vector(const operand& out, const site& s);
std::unique_ptr<node> make_embedding(const embedding_layer& l, std::int64_t rows, const operand& out, const site& s);

}
