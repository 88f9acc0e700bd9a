// Graphs of ONNX operators give the numbers of the network that they were made from, when every operator computes what
// the standard of ONNX states for it.
#include "../../plugins/models/onnx_graph.hpp"
#include "../../plugins/models/unet/layers.hpp"
#include "noneq/compute/builder.hpp"
#include "noneq/compute/reference.hpp"
#include "noneq/storage/files.hpp"
#include "plugins/make.hpp"
#include "scratch.hpp"

using namespace noneq;
namespace onnx = noneq::storage::onnx;

namespace {

// The operators of a graph, as onnx.ai describes them, on libtorch. Every name must be made once, before it is read.
struct interpreter {
  const onnx::graph& g;
  std::map<std::string, Tensor> values = g.constants;

  Tensor in(const onnx::node& n, std::size_t i) const { return values.at(n.inputs.at(i)); }
  static sizes list(const Tensor& x) {
    return sizes(x.data_ptr<std::int64_t>(), x.data_ptr<std::int64_t>() + x.numel());
  }
  template <class T>
  static T with(const onnx::node& n, const char* name) {
    return std::get<T>(n.attributes.at(name));
  }

  Tensor pooled(const onnx::node& n) const {
    REQUIRE(with<std::int64_t>(n, "ceil_mode") == 1);
    REQUIRE(with<std::int64_t>(n, "count_include_pad") == 0);
    const auto window = with<sizes>(n, "kernel_shape");
    REQUIRE(with<sizes>(n, "strides") == window);
    return at::avg_pool2d(in(n, 0), window, window, {0, 0}, true, false);
  }

  Tensor convolved(const onnx::node& n) const {
    const auto pads = with<sizes>(n, "pads");
    REQUIRE(pads[0] == pads[2]);
    REQUIRE(pads[1] == pads[3]);
    REQUIRE(in(n, 1).sizes().slice(2).vec() == with<sizes>(n, "kernel_shape"));
    return at::conv2d(in(n, 0), in(n, 1), n.inputs.size() > 2 ? in(n, 2) : Tensor{}, with<sizes>(n, "strides"),
                      sizes{pads[0], pads[1]});
  }

  // Pads are those before each axis, and then those behind each.
  Tensor padded(const onnx::node& n) const {
    const sizes p = list(in(n, 1));
    REQUIRE(p.size() == 8);
    REQUIRE((p[0] == 0 && p[1] == 0 && p[4] == 0 && p[5] == 0));
    return at::pad(in(n, 0), sizes{p[3], p[7], p[2], p[6]}, with<std::string>(n, "mode"));
  }

  Tensor reshaped(const onnx::node& n) const {
    sizes to = list(in(n, 1));
    for (std::size_t i = 0; i < to.size(); ++i)
      if (to[i] == 0) to[i] = in(n, 0).size(static_cast<std::int64_t>(i));
    return in(n, 0).reshape(to);
  }

  Tensor result(const onnx::node& n) const {
    const std::string& op = n.operation;
    if (op == "Conv") return convolved(n);
    if (op == "Pad") return padded(n);
    if (op == "Reshape") return reshaped(n);
    if (op == "AveragePool") return pooled(n);
    if (op == "Add") return in(n, 0) + in(n, 1);
    if (op == "Mul") return in(n, 0) * in(n, 1);
    if (op == "Div") return in(n, 0) / in(n, 1);
    if (op == "Erf") return in(n, 0).erf();
    if (op == "Relu") return in(n, 0).relu();
    if (op == "Tanh") return in(n, 0).tanh();
    if (op == "Sigmoid") return in(n, 0).sigmoid();
    if (op == "Identity") return in(n, 0);
    if (op == "MatMul") return at::matmul(in(n, 0), in(n, 1));
    if (op == "Softmax") return at::softmax(in(n, 0), with<std::int64_t>(n, "axis"));
    if (op == "Transpose") return in(n, 0).permute(with<sizes>(n, "perm"));
    if (op == "Gather") {
      REQUIRE(in(n, 1).dim() == 1);
      return in(n, 0).index_select(with<std::int64_t>(n, "axis"), in(n, 1));
    }
    if (op == "InstanceNormalization")
      return at::instance_norm(in(n, 0), in(n, 1), in(n, 2), {}, {}, true, 0, with<double>(n, "epsilon"), false);
    if (op == "Slice") return in(n, 0).slice(list(in(n, 3))[0], list(in(n, 1))[0], list(in(n, 2))[0]);
    if (op == "Concat") {
      std::vector<Tensor> parts;
      for (std::size_t i = 0; i < n.inputs.size(); ++i) parts.push_back(in(n, i));
      return at::cat(parts, with<std::int64_t>(n, "axis"));
    }
    FAIL("there is no operator ", op);
    return {};
  }

  Tensor operator()(const std::map<std::string, Tensor>& given) {
    for (const onnx::port& p : g.inputs) REQUIRE(values.emplace(p.name, given.at(p.name)).second);
    for (const onnx::node& n : g.nodes) REQUIRE(values.emplace(n.output, result(n)).second);
    return values.at(g.outputs.front().name);
  }
};

std::vector<Tensor> weights_of(const compute::network_layers& n) {
  std::vector<Tensor> weights;
  for (const compute::weight_spec& w : n.weights)
    weights.push_back(compute::initial_weight(w, stream(2)) + 0.1 * stream(1).fork(w.name).normal(w.shape));
  return weights;
}

// The difference between the graph and the network, in the largest number of the network's.
double difference(const compute::network_layers& n, const sizes& out, bool labels = false, std::int64_t batch = 3) {
  const std::vector<Tensor> weights = weights_of(n);
  const compute::value_shape& s = n.values[0];
  compute::layers_input in{
      stream(3).normal({batch, s.channels, s.height, s.width}), at::arange(batch, at::kLong) * 400, {}};
  if (labels) in.label = at::arange(batch, at::kLong);
  if (compute::vector_size(n) > 0) in.vector = stream(4).normal({batch, compute::vector_size(n)});
  const onnx::graph g = shipped::onnx_graph(n, weights, {out, labels}, 1000, 5);
  sizes as{batch, s.channels};
  as.insert(as.end(), out.begin() + 1, out.end());
  const Tensor made =
      interpreter{g}({{"x", in.x.reshape(as)}, {"t", in.t}, {"label", in.label}, {"vector", in.vector}});
  const Tensor right = run_reference(n, weights, in);
  CHECK(made.dim() == static_cast<std::int64_t>(out.size()) + 1);
  return (made.reshape_as(right) - right).abs().max().item<double>() / right.abs().max().item<double>();
}

shipped::unet::architecture small_unet() {
  shipped::unet::architecture a;
  a.in_channels = a.out_channels = 3;
  for (const bool attends : {false, true})
    a.levels.push_back({.channels = 32, .down_attention = attends, .up_attention = attends});
  return a;
}

}

TEST_CASE("ONNX: a U-Net with attention, of even and odd sizes") {
  CHECK(difference(shipped::unet::layers(small_unet(), {16, 16}), {3, 16, 16}) < 1e-5);
  CHECK(difference(shipped::unet::layers(small_unet(), {14, 9}), {3, 14, 9}) < 1e-5);
}

TEST_CASE("ONNX: classes, a vector, several heads, scale and shift, and a learned table of t") {
  shipped::unet::architecture a = small_unet();
  a.class_rows = 5;
  a.vector_size = 7;
  a.heads = 2;
  a.scale_shift = true;
  CHECK(difference(shipped::unet::layers(a, {8, 8}), {3, 8, 8}, true) < 1e-5);
  a.learned_times = 1000;
  CHECK(difference(shipped::unet::layers(a, {8, 8}), {3, 8, 8}, true) < 1e-5);
}

TEST_CASE("ONNX: sequences, periodic and mirrored axes") {
  using compute::padding;
  CHECK(difference(shipped::unet::layers(small_unet(), {16}), {3, 16}) < 1e-5);
  for (const auto& padding :
       {compute::paddings{padding::zeros, padding::circular}, compute::paddings{padding::circular, padding::circular},
        compute::paddings{padding::reflect, padding::circular}}) {
    shipped::unet::architecture a = small_unet();
    a.padding = padding;
    CHECK(difference(shipped::unet::layers(a, {16, 16}), {3, 16, 16}) < 1e-5);
  }
}

TEST_CASE("ONNX: every activation, sums with a factor, slices and dropout") {
  for (const auto f : {compute::activation::gelu, compute::activation::relu, compute::activation::tanh,
                       compute::activation::sigmoid, compute::activation::silu}) {
    compute::builder build(6, {1, 1});
    const compute::value_id part = build.act(build.linear(build.slice(0, 2, 4), "first", 8), f);
    CHECK(difference(std::move(build).finish(build.linear(part, "last", 4)), {4, 1, 1}) < 1e-5);
  }
}

TEST_CASE("ONNX: a file begins as the format has it, and one that cannot be written is refused") {
  const testing::scratch folder;
  const compute::network_layers n = shipped::unet::layers(small_unet(), {8, 8});
  const onnx::graph g = shipped::onnx_graph(n, weights_of(n), {{3, 8, 8}}, 1000, 0);
  onnx::save(folder / "net.onnx", g);
  // Field 1, the version of the format, is 8; field 2 names the program.
  CHECK(storage::read_file(folder / "net.onnx").starts_with("\x08\x08\x12\x05noneq"));
  CHECK_THROWS_AS(onnx::save(folder / "none" / "net.onnx", g), error);
}
