#include "noneq/compute/builder.hpp"

namespace noneq::compute {

builder::builder(std::int64_t channels, const sizes& space, const paddings& around)
    : flat_(space.size() == 1), around_(around) {
  make({channels, flat_ ? 1 : space[0], space.back()});
}

value_id builder::make(value_shape s) {
  net_.values.push_back(s);
  return static_cast<value_id>(net_.values.size()) - 1;
}

weight_id builder::weight(std::string name, sizes shape, double spread, double constant) {
  net_.weights.push_back({std::move(name), std::move(shape), spread, constant});
  return static_cast<weight_id>(net_.weights.size()) - 1;
}

sizes builder::kernel_shape(std::int64_t out, std::int64_t in, std::int64_t width) const {
  return flat_ ? sizes{out, in, width} : sizes{out, in, width, width};
}

value_id builder::convolve(value_id in, const std::string& name, value_shape to, start s, conv_layer how,
                           sizes weight_shape) {
  const auto inputs = static_cast<double>(shape(in).channels * how.kernel[0] * how.kernel[1]);
  const double spread = s == start::zero ? 0 : 1 / std::sqrt(inputs);
  how.in = in;
  how.padded_with = around_;
  how.weight = weight(name + ".weight", std::move(weight_shape), spread);
  how.bias = weight(name + ".bias", {to.channels}, spread);
  return push(how, to);
}

value_id builder::conv(value_id in, const std::string& name, std::int64_t channels, start s) {
  conv_layer how{};
  how.kernel = {flat_ ? 1 : 3, 3};
  how.pad_before = how.pad_after = {flat_ ? 0 : 1, 1};
  return convolve(in, name, {channels, shape(in).height, shape(in).width}, s, how,
                  kernel_shape(channels, shape(in).channels, 3));
}

value_id builder::halve(value_id in, const std::string& name, std::int64_t width) {
  const value_shape from = shape(in);
  conv_layer how{};
  how.kernel = {flat_ ? 1 : 3, 3};
  how.stride = {flat_ ? 1 : 2, 2};
  const std::array<std::int64_t, 2> extent{from.height, from.width};
  std::array<std::int64_t, 2> half = extent;
  for (std::size_t axis = flat_ ? 1 : 0; axis < 2; ++axis) {
    how.pad_before[axis] = width > 0 ? width : extent[axis] % 2;
    how.pad_after[axis] = width > 0 ? width : 1;
    half[axis] = (extent[axis] + how.pad_before[axis] + how.pad_after[axis] - 3) / 2 + 1;
  }
  return convolve(in, name, {from.channels, half[0], half[1]}, start::uniform, how,
                  kernel_shape(from.channels, from.channels, 3));
}

value_id builder::pixelwise(value_id in, const std::string& name, std::int64_t channels) {
  return convolve(in, name, {channels, shape(in).height, shape(in).width}, start::uniform, {},
                  kernel_shape(channels, shape(in).channels, 1));
}

value_id builder::linear(value_id in, const std::string& name, std::int64_t channels, start s) {
  return convolve(in, name, {channels, shape(in).height, shape(in).width}, s, {}, {channels, shape(in).channels});
}

value_id builder::norm(value_id in, const std::string& name, std::int64_t groups, double eps, bool silu,
                       value_id modulation) {
  const value_shape s = shape(in);
  norm_layer l{in, none, weight(name + ".weight", {s.channels}, 0, 1), none, groups, eps, silu, modulation};
  l.bias = weight(name + ".bias", {s.channels}, 0);
  return push(l, s);
}

value_id builder::act(value_id in, activation function) {
  return push(activation_layer{in, none, function}, shape(in));
}

value_id builder::add(value_id a, value_id b, double scale) { return push(add_layer{a, b, none, scale}, shape(a)); }

value_id builder::concat(value_id a, value_id b) {
  const value_shape s = shape(a);
  return push(concat_layer{a, b, none}, {s.channels + shape(b).channels, s.height, s.width});
}

value_id builder::slice(value_id in, std::int64_t first, std::int64_t channels) {
  const value_shape s = shape(in);
  return push(slice_layer{in, none, first}, {channels, s.height, s.width});
}

value_id builder::upsample(value_id in, const value_shape& like) {
  return push(upsample_layer{in, none}, {shape(in).channels, like.height, like.width});
}

value_id builder::pool(value_id in) {
  const value_shape s = shape(in);
  return push(pool_layer{in, none}, {s.channels, (s.height + 1) / 2, (s.width + 1) / 2});
}

value_id builder::attention(value_id q, value_id k, value_id v, std::int64_t heads) {
  return push(attention_layer{q, k, v, none, heads}, shape(v));
}

value_id builder::dropout(value_id in, double share) {
  return share == 0 ? in : push(dropout_layer{in, none, share}, shape(in));
}

value_id builder::sinusoids(std::int64_t channels, sinusoid_layer how) { return push(how, {channels}); }

value_id builder::vector(std::int64_t channels) { return push(vector_layer{}, {channels}); }

value_id builder::table(const std::string& name, std::int64_t rows, std::int64_t channels, bool of_time) {
  const double unit_variance = std::sqrt(3.0);
  return push(embedding_layer{none, weight(name, {rows, channels}, unit_variance), of_time}, {channels});
}

network_layers builder::finish(value_id output) && {
  net_.output = output;
  return std::move(net_);
}

}
