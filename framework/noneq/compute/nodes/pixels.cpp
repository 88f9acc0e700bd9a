// Layers without weights that act on pixels: sums, joins, changes of size, nonlinearities.
#include <cstring>

#include "noneq/compute/detail/kernels/pixels.hpp"

#include "noneq/compute/detail/kernels/activation.hpp"

#include "noneq/compute/detail/node.hpp"

namespace noneq::compute {
namespace {

struct add_node : node {
  add_node(const add_layer& layer, const operand& first, const operand& second, const operand& to, const site& s)
      : scale(static_cast<float>(layer.scale)),
        a(first),
        b(second),
        out(to),
        batch(s.batch),
        spread(b.pixels() == 1 && out.pixels() > 1) {}

  void forward(const running& r) override {
    if (!spread) return add_pixels(out.of, batch * out.numbers(), scale, r.at(a.value), r.at(b.value), r.at(out.value));
    for (std::size_t k = 0; k < batch; ++k)
      add_vector(out.of, out.pixels(), out.channels(), scale, r.value(a, k), static_cast<float*>(r.value(b, k)),
                 r.value(out, k));
  }

  void backward(const running& r) override {
    to(r, a);
    if (!spread) return to(r, b);
    if (b.gradient == none) return;
    for (std::size_t k = 0; k < batch; ++k)
      sum_pixels(out.gradient_of, out.pixels(), out.channels(), scale, r.gradient(out, k),
                 static_cast<float*>(r.gradient(b, k)));
  }

  void to(const running& r, const operand& o) const {
    if (o.gradient == none || o.gradient == out.gradient) return;  // one piece of memory is one gradient
    scale_pixels(out.gradient_of, batch * out.numbers(), scale, r.at(out.gradient), r.at(o.gradient), o.add);
  }

  const float scale;
  const operand a, b, out;
  const std::size_t batch;
  const bool spread;  // b is a vector for every pixel
};

struct concat_node : node {
  concat_node(const operand& first, const operand& second, const operand& to, const site& s)
      : a(first), b(second), out(to), pixels(s.batch * to.pixels()) {}

  void forward(const running& r) override {
    copy_channels(out.of, pixels, a.channels(), r.at(a.value), a.channels(), r.at(out.value), out.channels(), false);
    copy_channels(out.of, pixels, b.channels(), r.at(b.value), b.channels(), part(r.at(out.value), out.of),
                  out.channels(), false);
  }
  void backward(const running& r) override {
    if (a.gradient != none)
      copy_channels(out.gradient_of, pixels, a.channels(), r.at(out.gradient), out.channels(), r.at(a.gradient),
                    a.channels(), a.add);
    if (b.gradient != none)
      copy_channels(out.gradient_of, pixels, b.channels(), part(r.at(out.gradient), out.gradient_of), out.channels(),
                    r.at(b.gradient), b.channels(), b.add);
  }
  // Where b begins in a pixel of `out`.
  void* part(void* joined, precision of) const { return static_cast<std::byte*>(joined) + a.channels() * bytes_of(of); }

  const operand a, b, out;
  const std::size_t pixels;
};

struct slice_node : node {
  slice_node(const slice_layer& layer, const operand& from, const operand& to, const site& s)
      : first(static_cast<std::size_t>(layer.first)), in(from), out(to), pixels(s.batch * to.pixels()) {}

  void forward(const running& r) override {
    copy_channels(out.of, pixels, out.channels(), part(r.at(in.value), in.of), in.channels(), r.at(out.value),
                  out.channels(), false);
  }
  void backward(const running& r) override {
    if (in.gradient == none) return;
    if (!in.add) std::memset(r.at(in.gradient), 0, pixels * in.channels() * bytes_of(in.gradient_of));
    copy_channels(out.gradient_of, pixels, out.channels(), r.at(out.gradient), out.channels(),
                  part(r.at(in.gradient), in.gradient_of), in.channels(), true);
  }
  void* part(void* whole, precision of) const { return static_cast<std::byte*>(whole) + first * bytes_of(of); }

  const std::size_t first;
  const operand in, out;
  const std::size_t pixels;
};

using resize = void (*)(precision, const value_shape&, const value_shape&, const void*, void*);
using resize_backward = void (*)(precision, const value_shape&, const value_shape&, const void*, void*, bool);

struct resize_node : node {
  resize_node(const operand& from, const operand& to, const site& s, resize f, resize_backward b)
      : in(from), out(to), batch(s.batch), there(f), back(b) {}
  void forward(const running& r) override {
    for (std::size_t k = 0; k < batch; ++k) there(in.of, in.shape, out.shape, r.value(in, k), r.value(out, k));
  }
  void backward(const running& r) override {
    if (in.gradient == none) return;
    for (std::size_t k = 0; k < batch; ++k)
      back(out.gradient_of, in.shape, out.shape, r.gradient(out, k), r.gradient(in, k), in.add);
  }

  const operand in, out;
  const std::size_t batch;
  const resize there;
  const resize_backward back;
};

struct activation_node : node {
  activation_node(const activation_layer& layer, const operand& from, const operand& to, const site& s)
      : f(layer.function), in(from), out(to), numbers(s.batch * from.numbers()) {}
  void forward(const running& r) override { activate(f, in.of, numbers, r.at(in.value), r.at(out.value)); }
  void backward(const running& r) override {
    if (in.gradient != none)
      activate_backward(f, in.of, numbers, r.at(in.value), r.at(out.gradient), r.at(in.gradient), in.add);
  }

  const activation f;
  const operand in, out;
  const std::size_t numbers;
};

}

std::unique_ptr<node> make_add(const add_layer& l, const operand& a, const operand& b, const operand& out,
                               const site& s) {
  return std::make_unique<add_node>(l, a, b, out, s);
}
std::unique_ptr<node> make_concat(const operand& a, const operand& b, const operand& out, const site& s) {
  return std::make_unique<concat_node>(a, b, out, s);
}
std::unique_ptr<node> make_slice(const slice_layer& l, const operand& in, const operand& out, const site& s) {
  return std::make_unique<slice_node>(l, in, out, s);
}
std::unique_ptr<node> make_upsample(const operand& in, const operand& out, const site& s) {
  return std::make_unique<resize_node>(in, out, s, upsample, upsample_backward);
}
std::unique_ptr<node> make_pool(const operand& in, const operand& out, const site& s) {
  return std::make_unique<resize_node>(in, out, s, pool, pool_backward);
}
std::unique_ptr<node> make_activation(const activation_layer& l, const operand& in, const operand& out, const site& s) {
  return std::make_unique<activation_node>(l, in, out, s);
}

}
