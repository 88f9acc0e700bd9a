#include "onnx_graph.hpp"

#include <cmath>
#include <map>
#include <string>

#include "noneq/compute/reference.hpp"

namespace shipped {
namespace {

using noneq::sizes;
using noneq::Tensor;
using namespace noneq::compute;
namespace onnx = noneq::storage::onnx;

using names = std::vector<std::string>;
using attributes = std::map<std::string, onnx::attribute>;

// Adds the operators of a layer to a graph; values are called v0, v1, … as they are numbered.
struct graph_maker {
  const network_layers& n;
  std::span<const Tensor> weights;
  std::int64_t steps, labels;
  onnx::graph g = {};

  const value_shape& shape(value_id v) const { return n.values[static_cast<std::size_t>(v)]; }
  static std::string value(value_id v) { return c10::str("v", v); }

  std::string add(const std::string& operation, names in, attributes with = {}, std::string out = "") {
    if (out.empty()) out = c10::str("o", g.nodes.size());
    g.nodes.push_back({operation, std::move(in), out, std::move(with)});
    return out;
  }
  std::string constant(const std::string& name, const Tensor& x) { return g.constants.emplace(name, x), name; }
  std::string number(double x) { return constant(c10::str("c", g.constants.size()), at::tensor(x, at::kFloat)); }
  std::string integers(const sizes& x) { return constant(c10::str("c", g.constants.size()), at::tensor(x, at::kLong)); }
  std::string weight(weight_id w, const sizes& as) {
    const auto i = static_cast<std::size_t>(w);
    return constant(n.weights[i].name, weights[i].detach().to(at::kFloat).reshape(as));
  }
  std::string reshaped(const std::string& x, const sizes& as, const std::string& out = "") {
    return add("Reshape", {x, integers(as)}, {}, out);
  }
  // Takes the numbers first … last − 1 of an axis.
  std::string sliced(const std::string& x, std::int64_t axis, std::int64_t first, std::int64_t last,
                     const std::string& out = "") {
    return add("Slice", {x, integers({first}), integers({last}), integers({axis})}, {}, out);
  }

  // The pixels of an axis of `size`, with those from the other end on either side.
  std::string wrapped(const std::string& x, std::int64_t axis, std::int64_t size, std::int64_t before,
                      std::int64_t after) {
    names parts;
    if (before > 0) parts.push_back(sliced(x, axis, size - before, size));
    parts.push_back(x);
    if (after > 0) parts.push_back(sliced(x, axis, 0, after));
    return parts.size() == 1 ? x : add("Concat", parts, {{"axis", axis}});
  }

  std::string padded(const conv_layer& l, const padding_calls& around) {
    std::string x = value(l.in);
    for (const auto& [mode, p] : around.pad)
      if (mode == std::string_view("circular"))
        x = wrapped(wrapped(x, 3, shape(l.in).width, p[0], p[1]), 2, shape(l.in).height, p[2], p[3]);
      else
        x = add("Pad", {x, integers({0, 0, p[2], p[0], 0, 0, p[3], p[1]})}, {{"mode", std::string(mode)}});
    return x;
  }

  void operator()(const conv_layer& l) {
    const padding_calls around(l);
    const auto [height, width] = around.zeros;
    names in{padded(l, around),
             weight(l.weight, {shape(l.out).channels, shape(l.in).channels, l.kernel[0], l.kernel[1]})};
    if (l.bias != none) in.push_back(weight(l.bias, {shape(l.out).channels}));
    add("Conv", in,
        {{"kernel_shape", sizes{l.kernel[0], l.kernel[1]}},
         {"strides", sizes{l.stride[0], l.stride[1]}},
         {"pads", sizes{height, width, height, width}}},
        value(l.out));
  }

  std::string silu(const std::string& x, const std::string& out) {
    return add("Mul", {x, add("Sigmoid", {x})}, {}, out);
  }

  // A group is to ONNX an instance of one channel.
  void operator()(const norm_layer& l) {
    const value_shape& s = shape(l.in);
    const std::string one = constant(c10::str("ones_", l.groups), at::ones({l.groups})),
                      zero = constant(c10::str("zeros_", l.groups), at::zeros({l.groups}));
    std::string y =
        add("InstanceNormalization", {reshaped(value(l.in), {0, l.groups, -1}), one, zero}, {{"epsilon", l.eps}});
    y = reshaped(y, {-1, s.channels, s.height, s.width});
    y = add("Mul", {y, weight(l.weight, {1, s.channels, 1, 1})});
    const bool more = l.modulation != none || l.silu;
    y = add("Add", {y, weight(l.bias, {1, s.channels, 1, 1})}, {}, more ? "" : value(l.out));
    if (l.modulation != none) {
      const std::string scale = sliced(value(l.modulation), 1, 0, s.channels),
                        shift = sliced(value(l.modulation), 1, s.channels, 2 * s.channels);
      y = add("Mul", {y, add("Add", {scale, number(1)})});
      y = add("Add", {y, shift}, {}, l.silu ? "" : value(l.out));
    }
    if (l.silu) silu(y, value(l.out));
  }

  void operator()(const activation_layer& l) {
    const std::string x = value(l.in), out = value(l.out);
    if (l.function == activation::silu) {
      silu(x, out);
    } else if (l.function == activation::gelu) {
      const std::string wide = add("Add", {add("Erf", {add("Div", {x, number(std::sqrt(2.))})}), number(1)});
      add("Mul", {add("Mul", {x, wide}), number(0.5)}, {}, out);
    } else {
      add(l.function == activation::relu ? "Relu" : l.function == activation::tanh ? "Tanh" : "Sigmoid", {x}, {}, out);
    }
  }

  void operator()(const add_layer& l) {
    const std::string sum = add("Add", {value(l.a), value(l.b)}, {}, l.scale == 1 ? value(l.out) : "");
    if (l.scale != 1) add("Mul", {sum, number(l.scale)}, {}, value(l.out));
  }

  void operator()(const concat_layer& l) {
    add("Concat", {value(l.a), value(l.b)}, {{"axis", std::int64_t{1}}}, value(l.out));
  }

  void operator()(const slice_layer& l) {
    sliced(value(l.in), 1, l.first, l.first + shape(l.out).channels, value(l.out));
  }

  // By the numbers of the pixels that are read, because factors that are no integers are rounded in many ways.
  void operator()(const upsample_layer& l) {
    const auto read = [](std::int64_t from, std::int64_t to) {
      return at::arange(to, at::kLong).mul(from).div(to, "floor");
    };
    const std::string rows =
        add("Gather", {value(l.in), constant(c10::str("rows_", l.out), read(shape(l.in).height, shape(l.out).height))},
            {{"axis", std::int64_t{2}}});
    add("Gather", {rows, constant(c10::str("columns_", l.out), read(shape(l.in).width, shape(l.out).width))},
        {{"axis", std::int64_t{3}}}, value(l.out));
  }

  void operator()(const pool_layer& l) {
    const sizes window{shape(l.in).height > 1 ? 2 : 1, shape(l.in).width > 1 ? 2 : 1};
    add("AveragePool", {value(l.in)},
        {{"kernel_shape", window},
         {"strides", window},
         {"ceil_mode", std::int64_t{1}},
         {"count_include_pad", std::int64_t{0}}},
        value(l.out));
  }

  void operator()(const attention_layer& l) {
    const value_shape& s = shape(l.q);
    const std::int64_t width = s.channels / l.heads;
    const auto heads = [&](value_id v) { return reshaped(value(v), {-1, l.heads, width, s.height * s.width}); };
    const auto turned = [&](const std::string& x) { return add("Transpose", {x}, {{"perm", sizes{0, 1, 3, 2}}}); };
    const std::string logits = add(
        "Mul", {add("MatMul", {turned(heads(l.q)), heads(l.k)}), number(1 / std::sqrt(static_cast<double>(width)))});
    const std::string share = add("Softmax", {logits}, {{"axis", std::int64_t{3}}});
    reshaped(add("MatMul", {heads(l.v), turned(share)}), {-1, s.channels, s.height, s.width}, value(l.out));
  }

  void row_of(const std::string& table, const char* index, value_id out) {
    reshaped(add("Gather", {table, index}, {{"axis", std::int64_t{0}}}), {-1, shape(out).channels, 1, 1}, value(out));
  }

  void operator()(const sinusoid_layer& l) {
    const Tensor all = sinusoids(l, at::arange(l.of_label ? labels : steps), shape(l.out).channels).to(at::kFloat);
    row_of(constant(c10::str("sinusoids_", l.out), all), l.of_label ? "label" : "t", l.out);
  }

  void operator()(const embedding_layer& l) {
    const Tensor& table = weights[static_cast<std::size_t>(l.weight)];
    row_of(weight(l.weight, table.sizes().vec()), l.of_time ? "t" : "label", l.out);
  }

  void operator()(const vector_layer& l) { reshaped("vector", {-1, shape(l.out).channels, 1, 1}, value(l.out)); }

  void operator()(const dropout_layer& l) { add("Identity", {value(l.in)}, {}, value(l.out)); }
};

sizes batched(sizes shape) {
  shape.insert(shape.begin(), -1);
  return shape;
}

}

onnx::graph onnx_graph(const network_layers& n, std::span<const Tensor> weights, const script_frame& f,
                       std::int64_t steps, std::int64_t labels) {
  graph_maker make{n, weights, steps, labels};
  onnx::graph& g = make.g;
  const value_shape& s = n.values[0];
  const sizes pixels = f.output_shape.size() == 2 ? sizes{s.channels, s.width} : sizes{s.channels, s.height, s.width};
  g.name = "network";
  g.doc = c10::str("t counts whole steps, from 0 to ", steps - 1);
  g.inputs.push_back(
      {"x", "x^t in units of the model; behind its channels those of x0_hat, then of the fields that are conditions",
       at::kFloat, batched(pixels)});
  g.inputs.push_back({"t", g.doc, at::kLong, {-1}});
  if (f.with_label) g.inputs.push_back({"label", c10::str("classes, from 0 to ", labels - 1), at::kLong, {-1}});
  if (vector_size(n) > 0) g.inputs.push_back({"vector", "conditions", at::kFloat, {-1, vector_size(n)}});
  g.outputs.push_back({"output", "prediction of the network", at::kFloat, batched(f.output_shape)});

  const bool scaled = f.input_scale != 1 || f.input_shift != 0;
  const std::string x = make.reshaped("x", {-1, s.channels, s.height, s.width}, scaled ? "" : "v0");
  if (scaled) make.add("Add", {make.add("Mul", {x, make.number(f.input_scale)}), make.number(f.input_shift)}, {}, "v0");
  for (const layer& l : n.layers) std::visit(make, l);
  make.reshaped(graph_maker::value(n.output), batched(f.output_shape), "output");
  return std::move(make.g);
}

}
