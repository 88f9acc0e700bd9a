// Convolutions of pixels, by oneDNN where there is nothing better.
#include <optional>
#include <string_view>

#include "noneq/compute/detail/bordered.hpp"
#include "noneq/compute/detail/kernels/pixels.hpp"
#include "noneq/compute/detail/kernels/pointwise_gradient.hpp"

namespace noneq::compute {
namespace {

using onednn::cpu;
using onednn::dims;
using arguments = std::unordered_map<int, dnnl::memory>;

// A convolution computes in the type of its input: x, which stays float32 in a network of bf16, gives float32.
struct geometry {
  dims stride, before, after;
  dnnl::memory::desc in, out, gradient_out, weight, weight_gradient, bias;

  explicit geometry(const bordered::view& v)
      : stride{v.layer.stride[0], v.layer.stride[1]},
        before{v.layer.pad_before[0], v.layer.pad_before[1]},
        after{v.layer.pad_after[0], v.layer.pad_after[1]} {
    const operand &from = v.in, &to = v.out;
    const auto batch = static_cast<std::int64_t>(v.samples);
    const auto f32 = dnnl::memory::data_type::f32;
    const dims kernel = shape(v.layer, from, to);
    const dims x{batch, from.shape.channels, from.shape.height, from.shape.width};
    const dims y{batch, to.shape.channels, to.shape.height, to.shape.width};
    in = {x, onednn::type(from.of), onednn::tag::nhwc};
    const bool single = from.of == precision::fp32;
    out = {y, single ? f32 : onednn::type(to.of), onednn::tag::nhwc};
    gradient_out = {y, single ? f32 : onednn::type(to.gradient_of), onednn::tag::nhwc};
    weight = {kernel, onednn::type(from.of), onednn::tag::any};
    weight_gradient = {kernel, f32, onednn::tag::any};
    bias = {{to.shape.channels}, f32, onednn::tag::x};
  }

  static dims shape(const conv_layer& l, const operand& from, const operand& to) {
    return {to.shape.channels, from.shape.channels, l.kernel[0], l.kernel[1]};
  }
};

// oneDNN's kernels for machines that multiply bf16 but have no AMX.
bool is(const char* implementation, std::string_view name) { return name == implementation; }
constexpr const char *older_kernel = "jit_bf16:avx512_core_bf16", *newer_kernel = "brgconv:avx512_core_bf16";

dnnl::convolution_forward::primitive_desc forward_of(const geometry& g, bool training, bool biased) {
  using description = dnnl::convolution_forward::primitive_desc;
  const auto kind = training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  const auto with = [&](const auto&... bias) {
    const auto described = [&](const auto& use) {
      return onednn::with_description<dnnl::convolution_forward>(use, onednn::own_scratch(), kind,
                                                                 dnnl::algorithm::convolution_direct, g.in, g.weight,
                                                                 bias..., g.out, g.stride, g.before, g.after);
    };
    const auto first = [](const description& d) { return d; };
    const description found = described(first);
    if (!is(found.impl_info_str(), newer_kernel)) return found;
    // The older one is a tenth faster, where there is one. oneDNN 3 moves all copies of a description on.
    const auto older = described([](description d) -> std::optional<description> {
      while (d.next_impl())
        if (is(d.impl_info_str(), older_kernel)) return d;
      return std::nullopt;
    });
    return older ? *older : described(first);
  };
  return biased ? with(g.bias) : with();
}

class conv_node : public node {
 public:
  conv_node(const conv_layer& l, const operand& in, const operand& out, const site& s)
      : l_(l), in_(in), out_(out), batch_(s.batch), border_(l, in, out, s.batch), at_once_(border_.forward().samples) {
    const geometry g(border_.forward());
    const dims kernel = geometry::shape(l, in, out);
    const auto forward = forward_of(g, s.training, l.bias != none);
    forward_ = dnnl::convolution_forward(forward);
    weight_ = s.weights.place(l.weight, kernel, forward.weights_desc());
    source_ = dnnl::memory(g.in, cpu(), nullptr);
    result_ = dnnl::memory(g.out, cpu(), nullptr);
    bias_ = dnnl::memory(g.bias, cpu(), nullptr);
    forward_scratch_ = dnnl::memory(forward.scratchpad_desc(), cpu(), nullptr);
    const auto beside = [](const dnnl::memory::desc& made, precision kept) {
      return onednn::type_of(made) == onednn::type(kept) ? 0 : in_lines(made.get_size());
    };
    wide_result_ = beside(g.out, out.of);
    s.need_scratch(border_.forward_bytes() + wide_result_ + forward.scratchpad_desc().get_size());
    if (!s.training) return;
    const geometry back(border_.backward());
    wide_gradient_ = beside(back.gradient_out, out.gradient_of);
    prepare_backward(back, kernel, s);
  }

  void forward(const running& r) override {
    std::byte* scratch = r.scratch + border_.forward_bytes();
    forward_scratch_.set_data_handle(scratch + wide_result_);
    for (std::size_t first = 0; first < batch_; first += at_once_) {
      source_.set_data_handle(border_.input(r, first));
      result_.set_data_handle(wide_result_ > 0 ? scratch : r.value(out_, first));
      arguments a{{DNNL_ARG_SRC, source_},
                  {DNNL_ARG_WEIGHTS, weight_},
                  {DNNL_ARG_DST, result_},
                  {DNNL_ARG_SCRATCHPAD, forward_scratch_}};
      if (l_.bias != none) a.emplace(DNNL_ARG_BIAS, with(bias_, const_cast<float*>(r.weight(l_.bias))));
      forward_.execute(r.stream, a);
      if (wide_result_ > 0)
        to_pixels(out_.of, 1, at_once_ * out_.numbers(), reinterpret_cast<float*>(scratch), r.value(out_, first));
    }
  }

  void backward(const running& r) override {
    std::byte* scratch = r.scratch + border_.backward_bytes();
    if (wide_gradient_ > 0)
      from_pixels(out_.gradient_of, 1, batch_ * out_.numbers(), r.at(out_.gradient), reinterpret_cast<float*>(scratch));
    gradient_.set_data_handle(wide_gradient_ > 0 ? scratch : border_.gradient(r));
    weights_backward(r);
    if (in_.gradient != none) data_backward(r);
  }

 private:
  static const dnnl::memory& with(dnnl::memory& m, void* data) { return m.set_data_handle(data), m; }

  void prepare_backward(const geometry& g, const dims& kernel, const site& s) {
    const auto direct = dnnl::algorithm::convolution_direct;
    dnnl::memory::desc in = g.in, out = g.gradient_out;
    // The forward pass as the backward passes see it: with gradients in the precision of pixels.
    geometry hint = g;
    hint.out = out;
    const auto forward = forward_of(hint, true, l_.bias != none);
    if (multiplies_bf16_without_amx() && in_.narrow() && out_.narrow() &&
        pointwise_gradient::fits(l_, in_.shape.channels, out_.shape.channels)) {
      own_ = {batch_ * in_.pixels(), in_.channels(), out_.channels()};
      s.need_scratch(own_->scratch_bytes());
    } else {
      using by_weights = dnnl::convolution_backward_weights;
      const auto with_bias = [&](const auto&... bias) {
        return onednn::described_backward<by_weights>(forward, onednn::own_scratch(), direct, in, g.weight_gradient,
                                                      bias..., out, g.stride, g.before, g.after);
      };
      const by_weights::primitive_desc weights = l_.bias != none ? with_bias(g.bias) : with_bias();
      weights_backward_ = by_weights(weights);
      const dnnl::memory::desc plain(kernel, dnnl::memory::data_type::f32, onednn::tag::oihw);
      plain_ = dnnl::memory(plain, cpu(), nullptr);
      packed_ = dnnl::memory(weights.diff_weights_desc(), cpu(), nullptr);
      weights_scratch_ = dnnl::memory(weights.scratchpad_desc(), cpu(), nullptr);
      repacked_ = weights.diff_weights_desc() != plain;
      packed_bytes_ = repacked_ ? in_lines(weights.diff_weights_desc().get_size()) : 0;
      if (repacked_) unpack_ = dnnl::reorder(packed_, plain_);
      s.need_scratch(border_.backward_bytes() + wide_gradient_ + packed_bytes_ + weights.scratchpad_desc().get_size());
    }
    gradient_ = dnnl::memory(out, cpu(), nullptr);
    source_of_gradient_ = dnnl::memory(in, cpu(), nullptr);
    if (in_.gradient == none) return;
    using by_data = dnnl::convolution_backward_data;
    const auto data = onednn::described_backward<by_data>(forward, onednn::own_scratch(), direct, in, g.weight, out,
                                                          g.stride, g.before, g.after);
    data_backward_ = by_data(data);
    turned_ = s.weights.place(l_.weight, kernel, data.weights_desc());
    data_scratch_ = dnnl::memory(data.scratchpad_desc(), cpu(), nullptr);
    summand_bytes_ = in_.add && border_.empty() ? in_lines(g.in.get_size()) : 0;
    s.need_scratch(border_.backward_bytes() + summand_bytes_ + data.scratchpad_desc().get_size());
  }

  void weights_backward(const running& r) {
    float* target = r.weight_gradient(l_.weight);
    if (own_) {
      float* bias = l_.bias != none ? r.weight_gradient(l_.bias) : nullptr;
      return (*own_)(r.at(in_.value), r.at(out_.gradient), target, bias, r.scratch);
    }
    source_of_gradient_.set_data_handle(border_.input(r));
    plain_.set_data_handle(target);
    std::byte* scratch = r.scratch + border_.backward_bytes() + wide_gradient_;
    packed_.set_data_handle(repacked_ ? static_cast<void*>(scratch) : target);
    weights_scratch_.set_data_handle(scratch + packed_bytes_);
    arguments a{{DNNL_ARG_SRC, source_of_gradient_},
                {DNNL_ARG_DIFF_DST, gradient_},
                {DNNL_ARG_DIFF_WEIGHTS, packed_},
                {DNNL_ARG_SCRATCHPAD, weights_scratch_}};
    if (l_.bias != none) a.emplace(DNNL_ARG_DIFF_BIAS, with(bias_, r.weight_gradient(l_.bias)));
    weights_backward_.execute(r.stream, a);
    if (repacked_) unpack_.execute(const_cast<dnnl::stream&>(r.stream), packed_, plain_);
  }

  void data_backward(const running& r) {
    void* target = r.at(in_.gradient);
    const bool aside = in_.add || !border_.empty();
    source_of_gradient_.set_data_handle(aside ? static_cast<void*>(r.scratch) : target);
    data_scratch_.set_data_handle(r.scratch + border_.backward_bytes() + summand_bytes_);
    data_backward_.execute(r.stream, {{DNNL_ARG_DIFF_DST, gradient_},
                                      {DNNL_ARG_WEIGHTS, turned_},
                                      {DNNL_ARG_DIFF_SRC, source_of_gradient_},
                                      {DNNL_ARG_SCRATCHPAD, data_scratch_}});
    if (!border_.empty()) return border_.fold(r);
    if (in_.add) scale_pixels(in_.gradient_of, batch_ * in_.numbers(), 1, r.scratch, target, true);
  }

  const conv_layer l_;
  const operand in_, out_;
  const std::size_t batch_;
  const bordered border_;
  const std::size_t at_once_;  // samples
  dnnl::convolution_forward forward_;
  dnnl::convolution_backward_weights weights_backward_;
  std::optional<pointwise_gradient> own_;  // in its place
  dnnl::convolution_backward_data data_backward_;
  dnnl::reorder unpack_;
  dnnl::memory source_, source_of_gradient_, result_, gradient_, bias_, weight_, turned_, packed_, plain_;
  dnnl::memory forward_scratch_, weights_scratch_, data_scratch_;
  bool repacked_ = false;
  std::size_t wide_result_ = 0, wide_gradient_ = 0, packed_bytes_ = 0, summand_bytes_ = 0;
};

}

std::unique_ptr<node> make_conv(const conv_layer& l, const operand& in, const operand& out, const site& s) {
  if (auto fast = make_winograd(l, in, out, s)) return fast;
  return std::make_unique<conv_node>(l, in, out, s);
}

}
