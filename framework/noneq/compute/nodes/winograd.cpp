// 3×3 convolutions by Winograd's filtering.
#include "noneq/compute/detail/winograd/convolution.hpp"

#include "noneq/compute/detail/kernels/border.hpp"
#include "noneq/compute/detail/node.hpp"
#include "noneq/compute/detail/winograd/weight_gradient.hpp"

namespace noneq::compute {
namespace {

// The adjoint of circular padding is circular padding again, so that the tiles of the gradient read it as those of x
// do. That of reflected pixels adds the gradient in the border to the pixels there, so the border is made and folded.
paddings around_gradient(const conv_layer& l) {
  paddings p = l.padded_with;
  std::replace(p.begin(), p.end(), padding::reflect, padding::zeros);
  return p;
}
conv_layer only_reflected(conv_layer l) {
  std::replace(l.padded_with.begin(), l.padded_with.end(), padding::circular, padding::zeros);
  return l;
}
std::array<std::size_t, 2> reflected_margin(const conv_layer& l) {
  return {l.padded_with[0] == padding::reflect ? 1u : 0u, l.padded_with[1] == padding::reflect ? 1u : 0u};
}

struct winograd_node : node {
  winograd_node(const conv_layer& layer, const operand& from, const operand& to, const site& s)
      : l(layer),
        in(from),
        out(to),
        batch(s.batch),
        reflected(only_reflected(l), in.shape),
        convolve{in.of, {s.batch, from.shape, from.doubled, l.padded_with}, in.channels(), out.channels()},
        convolve_gradient{in.of,
                          {s.batch, from.shape, false, around_gradient(l)},
                          out.channels(),
                          in.channels(),
                          reflected_margin(l)},
        gradient{in.of, {s.batch, from.shape, from.doubled, l.padded_with}, in.channels(), out.channels()},
        packed(s.weights.place(l.weight, {in.of, in.channels(), out.channels(), false})) {
    s.need_scratch(convolve.scratch_bytes());
    if (!s.training) return;
    s.need_scratch(gradient.scratch_bytes());
    if (in.gradient == none) return;
    operand padded = in;
    padded.shape = reflected.padded();
    padded_sample = reflected.empty() ? 0 : padded.numbers() * bytes_of(in.gradient_of);
    s.need_scratch(in_lines(batch * padded_sample) + convolve_gradient.scratch_bytes());
    turned = s.weights.place(l.weight, {in.of, out.channels(), in.channels(), true});
  }

  void forward(const running& r) override {
    convolve(r.at(in.value), packed, l.bias != none ? r.weight(l.bias) : nullptr, r.at(out.value), false, r.scratch);
  }

  void backward(const running& r) override {
    gradient(r.at(in.value), r.at(out.gradient), r.weight_gradient(l.weight),
             l.bias != none ? r.weight_gradient(l.bias) : nullptr, r.scratch);
    if (in.gradient == none) return;
    if (reflected.empty())
      return convolve_gradient(r.at(out.gradient), turned, nullptr, r.at(in.gradient), in.add, r.scratch);
    convolve_gradient(r.at(out.gradient), turned, nullptr, r.scratch, false,
                      r.scratch + in_lines(batch * padded_sample));
    const auto apart = static_cast<std::size_t>(reflected.padded().width);
    for (std::size_t k = 0; k < batch; ++k)
      reflected.fold(in.gradient_of, r.scratch + k * padded_sample, apart, r.gradient(in, k), in.add);
  }

  const conv_layer l;
  const operand in, out;
  const std::size_t batch;
  const border reflected;
  std::size_t padded_sample = 0;  // bytes of a gradient with its border
  const winograd::convolution convolve, convolve_gradient;
  const winograd::weight_gradient gradient;
  const void *packed, *turned = nullptr;
};

}

std::unique_ptr<node> make_winograd(const conv_layer& l, const operand& in, const operand& out, const site& s) {
  const bool alike = in.gradient_of == in.of && out.of == in.of && out.gradient_of == in.of;
  if (!alike || !winograd::serves(in.of) || !winograd::fits(l, in.shape.channels, out.shape.channels)) return nullptr;
  return std::make_unique<winograd_node>(l, in, out, s);
}

}
