// 3×3 convolutions of bf16 pixels by Winograd's filtering.
#include "noneq/compute/detail/winograd/convolution.hpp"

#include "noneq/compute/detail/node.hpp"
#include "noneq/compute/detail/winograd/weight_gradient.hpp"

namespace noneq::compute {
namespace {

struct winograd_node : node {
  winograd_node(const conv_layer& layer, const operand& from, const operand& to, const site& s)
      : l(layer),
        in(from),
        out(to),
        convolve({s.batch, from.shape, from.doubled}, in.channels(), out.channels()),
        convolve_gradient({s.batch, from.shape}, out.channels(), in.channels()),
        gradient({s.batch, from.shape, from.doubled}, in.channels(), out.channels()),
        packed(s.weights.place(l.weight, {in.channels(), out.channels(), false})) {
    s.need_scratch(convolve.scratch_bytes());
    if (!s.training) return;
    s.need_scratch(gradient.scratch_bytes());
    if (in.gradient == none) return;
    s.need_scratch(convolve_gradient.scratch_bytes());
    turned = s.weights.place(l.weight, {out.channels(), in.channels(), true});
  }

  void forward(const running& r) override {
    convolve(r.at(in.value), packed, l.bias != none ? r.weight(l.bias) : nullptr, r.at(out.value), false, r.scratch);
  }

  void backward(const running& r) override {
    gradient(r.at(in.value), r.at(out.gradient), r.weight_gradient(l.weight),
             l.bias != none ? r.weight_gradient(l.bias) : nullptr, r.scratch);
    if (in.gradient != none)
      convolve_gradient(r.at(out.gradient), turned, nullptr, r.at(in.gradient), in.add, r.scratch);
  }

  const conv_layer l;
  const operand in, out;
  const winograd::convolution convolve, convolve_gradient;
  const winograd::weight_gradient gradient;
  const void *packed, *turned = nullptr;
};

}

std::unique_ptr<node> make_winograd(const conv_layer& l, const operand& in, const operand& out, const site& s) {
  if (!multiplies_bf16_without_amx() || !in.narrow() || !out.narrow() ||
      !winograd::fits(l, in.shape.channels, out.shape.channels))
    return nullptr;
  return std::make_unique<winograd_node>(l, in, out, s);
}

}
