#include "noneq/compute/detail/bordered.hpp"

#include <cstring>

namespace noneq::compute {
namespace {

std::size_t largest_divisor(std::size_t n, std::size_t most) {
  std::size_t d = std::clamp<std::size_t>(most, 1, n);
  while (n % d != 0) --d;
  return d;
}

// As many samples as stay in the second cache, so that copies cost little; all, where these divide the batch too
// finely.
std::size_t samples_at_once(std::size_t batch, std::size_t bytes) {
  constexpr std::size_t cache = std::size_t{1} << 19;
  const std::size_t fitting = std::clamp<std::size_t>(cache / bytes, 1, batch), d = largest_divisor(batch, fitting);
  return 4 * d >= fitting ? d : batch;
}

// With AMX oneDNN's gradients take two to three times as long for images of few columns as for wide ones, so samples
// stand beside one another there, with enough zeros between their output's gradients.
std::size_t samples_beside(const conv_layer& l, const operand& in, const operand& out, const operand& padded,
                           std::size_t batch) {
  constexpr std::int64_t narrow = 32, wide = 160;
  const bool separable = l.stride == std::array<std::int64_t, 2>{1, 1} && padded.shape.width > in.shape.width &&
                         padded.shape.width == out.shape.width + l.kernel[1] - 1;
  if (!separable || padded.shape.width >= narrow || !in.narrow() || !out.narrow() || multiplies_bf16_without_amx())
    return 1;
  return largest_divisor(batch, static_cast<std::size_t>(wide / padded.shape.width));
}

operand with_border(operand in, const border& b) {
  in.shape = b.padded();
  return in;
}

}

bordered::bordered(const conv_layer& l, const operand& in, const operand& out, std::size_t batch)
    : layer_(border(l, in.shape).within(l)),
      in_(in),
      out_(out),
      batch_(batch),
      border_(l, in.shape),
      padded_(with_border(in, border_)),
      at_once_(empty() ? batch : samples_at_once(batch, sample_bytes())),
      beside_(empty() ? 1 : samples_beside(layer_, in, out, padded_, batch)) {}

bordered::view bordered::backward() const {
  view v{layer_, padded_, out_, batch_ / beside_};
  if (beside_ == 1) return v;
  v.in.shape.width *= static_cast<std::int64_t>(beside_);
  v.out.shape.width = v.in.shape.width;
  v.layer.pad_after[1] = v.layer.kernel[1] - 1;
  return v;
}

std::size_t bordered::spread_bytes() const {
  return beside_ == 1 ? 0
                      : batch_ * out_.channels() * bytes_of(out_.gradient_of) *
                            static_cast<std::size_t>(out_.shape.height * padded_.shape.width);
}

// The pixel at which a sample begins whose rows are as wide as the padded image, where there are `height` of them.
std::size_t bordered::place(std::size_t sample, std::size_t height) const {
  const auto width = static_cast<std::size_t>(padded_.shape.width);
  return (sample / beside_ * height * beside_ + sample % beside_) * width;
}

void* bordered::input(const running& r, std::size_t first) const {
  if (empty()) return r.value(in_, first);
  for (std::size_t k = 0; k < at_once_; ++k)
    border_.pad(in_.of, r.value(in_, first + k), r.scratch + k * sample_bytes(),
                static_cast<std::size_t>(padded_.shape.width));
  return r.scratch;
}

void* bordered::input(const running& r) const {
  if (empty()) return r.at(in_.value);
  const auto height = static_cast<std::size_t>(padded_.shape.height), apart = row_pixels();
  for (std::size_t k = 0; k < batch_; ++k)
    border_.pad(in_.of, r.value(in_, k), r.scratch + place(k, height) * in_.channels() * bytes_of(in_.of), apart);
  return r.scratch;
}

void* bordered::gradient(const running& r) const {
  if (beside_ == 1) return r.at(out_.gradient);
  const std::size_t pixel = out_.channels() * bytes_of(out_.gradient_of),
                    height = static_cast<std::size_t>(out_.shape.height),
                    row = static_cast<std::size_t>(out_.shape.width) * pixel,
                    gap = static_cast<std::size_t>(padded_.shape.width) * pixel - row;
  std::byte* all = r.scratch + in_lines(batch_ * sample_bytes());
  for (std::size_t k = 0; k < batch_; ++k) {
    const auto* from = static_cast<const std::byte*>(r.gradient(out_, k));
    std::byte* to = all + place(k, height) * pixel;
    for (std::size_t h = 0; h < height; ++h, from += row, to += row_pixels() * pixel) {
      std::memcpy(to, from, row);
      std::memset(to + row, 0, gap);
    }
  }
  return all;
}

void bordered::fold(const running& r) const {
  const auto height = static_cast<std::size_t>(padded_.shape.height);
  for (std::size_t k = 0; k < batch_; ++k)
    border_.fold(in_.gradient_of, r.scratch + place(k, height) * in_.channels() * bytes_of(in_.gradient_of),
                 row_pixels(), r.gradient(in_, k), in_.add);
}

}
