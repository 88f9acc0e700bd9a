// Linear layers on vectors, float32: y = x·Wᵀ + b.
#include <cstring>

#include "noneq/compute/detail/kernels/pixels.hpp"
#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {
namespace {

struct linear_node : node {
  linear_node(const conv_layer& layer, const operand& from, const operand& to, const site& s)
      : l(layer),
        in(from),
        out(to),
        B(static_cast<dnnl::memory::dim>(s.batch)),
        I(from.shape.channels),
        O(to.shape.channels) {}

  void forward(const running& r) override {
    float* y = r.floats(out.value);
    for (std::int64_t b = 0; b < B; ++b)
      if (l.bias != none) std::memcpy(y + b * O, r.weight(l.bias), static_cast<std::size_t>(O) * sizeof(float));
    dnnl::sgemm('N', 'T', B, O, I, 1, r.floats(in.value), I, r.weight(l.weight), I, l.bias != none ? 1 : 0, y, O);
  }

  void backward(const running& r) override {
    const float* dy = r.floats(out.gradient);
    dnnl::sgemm('T', 'N', O, I, B, 1, dy, O, r.floats(in.value), I, 0, r.weight_gradient(l.weight), I);
    if (l.bias != none)
      set_to_sum(precision::fp32, static_cast<std::size_t>(B), static_cast<std::size_t>(O), dy,
                 r.weight_gradient(l.bias));
    if (in.gradient != none)
      dnnl::sgemm('N', 'N', B, I, O, 1, dy, O, r.weight(l.weight), I, 1, r.floats(in.gradient), I);
  }

  const conv_layer l;
  const operand in, out;
  const dnnl::memory::dim B, I, O;
};

}

std::unique_ptr<node> make_linear(const conv_layer& l, const operand& in, const operand& out, const site& s) {
  return std::make_unique<linear_node>(l, in, out, s);
}

}
