// Dropout: drops the numbers that the reference execution drops, which draws them in the order [channels, height,
// width] of a sample. A byte a number stores for the way back whether it was kept.
#include "noneq/compute/detail/kernels/masked.hpp"
#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {
namespace {

struct dropout_node : node {
  dropout_node(const dropout_layer& l, int layer, const operand& from, const operand& to, const site& s)
      : position(layer),
        share(static_cast<float>(l.share)),
        in(from),
        out(to),
        batch(s.batch),
        kept(s.keep(batch * in.numbers())) {}

  void forward(const running& r) override {
    const stream noise = r.dropout->fork(position);
    for (std::size_t b = 0; b < batch; ++b) {
      const Tensor drawn = noise.uniform({1, in.shape.channels, in.shape.height, in.shape.width},
                                         r.first + static_cast<std::int64_t>(b));
      choose(drawn.data_ptr<float>(), of_sample(r, b));
      mask_pixels(in.of, in.numbers(), 1 / (1 - share), of_sample(r, b), r.value(in, b), r.value(out, b), false);
    }
  }

  void backward(const running& r) override {
    if (in.gradient == none) return;
    for (std::size_t b = 0; b < batch; ++b)
      mask_pixels(out.gradient_of, in.numbers(), 1 / (1 - share), of_sample(r, b), r.gradient(out, b),
                  r.gradient(in, b), in.add);
  }

  void choose(const float* drawn, std::uint8_t* keeps) const {
    for (std::size_t p = 0; p < in.pixels(); ++p)
      for (std::size_t c = 0; c < in.channels(); ++c) *keeps++ = drawn[c * in.pixels() + p] >= share;
  }
  std::uint8_t* of_sample(const running& r, std::size_t b) const {
    return static_cast<std::uint8_t*>(r.at(kept)) + b * in.numbers();
  }

  const std::int64_t position;  // of the layer: which numbers of the stream are its own
  const float share;
  const operand in, out;
  const std::size_t batch;
  const buffer_id kept;
};

}

std::unique_ptr<node> make_dropout(const dropout_layer& l, int layer, const operand& in, const operand& out,
                                   const site& s) {
  return std::make_unique<dropout_node>(l, layer, in, out, s);
}

}
