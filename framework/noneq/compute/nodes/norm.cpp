// Group normalisation, sample by sample.
#include "noneq/compute/detail/kernels/norm.hpp"

#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {
namespace {

struct norm_node : node {
  norm_node(const norm_layer& layer, const operand& from, const operand* scale_and_shift, const operand* vector,
            const operand& to, const site& s)
      : l(layer),
        in(from),
        out(to),
        modulation(scale_and_shift ? std::optional(*scale_and_shift) : std::nullopt),
        added(vector ? std::optional(*vector) : std::nullopt),
        batch(s.batch),
        shape{from.pixels(), from.channels(), static_cast<std::size_t>(layer.groups), static_cast<float>(layer.eps),
              layer.silu,    from.of},
        stats(s.keep(batch * shape.stats() * sizeof(float))) {
    s.need_scratch(shape.scratch() * sizeof(float));
  }

  void forward(const running& r) override {
    for (std::size_t b = 0; b < batch; ++b)
      norm_forward(shape, vectors(r, b), r.value(in, b), r.value(out, b), r.floats(stats) + b * shape.stats(),
                   reinterpret_cast<float*>(r.scratch));
  }

  void backward(const running& r) override {
    const norm_gradients none_of_sample{r.weight_gradient(l.weight), r.weight_gradient(l.bias), nullptr, nullptr};
    std::fill_n(none_of_sample.weight, shape.channels, 0.0f);
    std::fill_n(none_of_sample.bias, shape.channels, 0.0f);
    for (std::size_t b = 0; b < batch; ++b) {
      norm_gradients g = none_of_sample;
      if (added) g.added = static_cast<float*>(r.gradient(*added, b));
      if (modulation) g.modulation = static_cast<float*>(r.gradient(*modulation, b));
      norm_backward(shape, vectors(r, b), r.value(in, b), r.gradient(out, b), r.floats(stats) + b * shape.stats(),
                    r.gradient(in, b), in.add, g, reinterpret_cast<float*>(r.scratch));
    }
  }

  norm_vectors vectors(const running& r, std::size_t b) const {
    return {r.weight(l.weight), r.weight(l.bias), added ? static_cast<const float*>(r.value(*added, b)) : nullptr,
            modulation ? static_cast<const float*>(r.value(*modulation, b)) : nullptr};
  }

  const norm_layer l;
  const operand in, out;
  const std::optional<operand> modulation, added;
  const std::size_t batch;
  const norm_shape shape;
  const buffer_id stats;
};

}

std::unique_ptr<node> make_norm(const norm_layer& l, const operand& in, const operand* modulation, const operand* added,
                                const operand& out, const site& s) {
  return std::make_unique<norm_node>(l, in, modulation, added, out, s);
}

}
