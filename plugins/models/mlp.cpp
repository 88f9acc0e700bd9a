// Multi-layer perceptron over the flattened sample, conditioned on t and on class labels. Every hidden layer sees the
// embedding of t: sinusoids of t (Vaswani et al. 2017, as in Ho et al. 2020), 2015's bumps, or sinusoids of ln SNR,
// which follow a schedule that is learned. Octaves sin(2^k x), cos(2^k x) beside x (Mildenhall et al. 2020; Kingma et
// al. 2021) let a small network resolve fine structure in few dimensions.
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

#include "noneq/diffusion/bump.hpp"
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

Tensor sinusoids(std::int64_t T, std::int64_t width) {
  const Tensor frequency =
      at::exp(at::arange(width / 2, at::kDouble) * (-std::log(1e4) / static_cast<double>(width / 2)));
  // Spread over 0..1000 whatever T is, the range these frequencies were made for.
  const Tensor angle = (at::arange(T, at::kDouble) * (1000.0 / static_cast<double>(T))).unsqueeze(1) * frequency;
  return at::cat({angle.sin(), angle.cos()}, 1).to(at::kFloat);
}

// ln SNR spans about −10..12, at wavelengths from a fifth of a nat to several nats.
Tensor log_snr_sinusoids(const Tensor& log_snr, std::int64_t width) {
  const Tensor k = at::arange(width / 2, at::kFloat) / static_cast<double>(width / 2);
  const Tensor angle = log_snr.unsqueeze(1) * (1.5 * at::exp(-k * std::log(30.0)));
  return at::cat({angle.sin(), angle.cos()}, 1);
}

Tensor activate(const std::string& name, const Tensor& x) {
  if (name == "silu") return at::silu(x);
  if (name == "gelu") return at::gelu(x);
  if (name == "tanh") return at::tanh(x);
  if (name == "sigmoid") return at::sigmoid(x);
  return at::relu(x);
}

struct mlp_options {
  std::vector<std::int64_t> hidden{128, 128, 128};
  std::string activation = "silu", time = "sinusoidal";
  std::int64_t time_features = 32, octaves = 0;
  bool residual = false;
};

struct mlp_network : noneq::network {
  mlp_network(const mlp_options& o, const noneq::network_signature& s)
      : options(o), shape(s.shape), outputs(s.outputs) {
    std::int64_t size = 1;
    for (const auto n : shape) size *= n;
    times = register_buffer("times", o.time == "bump" ? noneq::bump_basis(s.T, o.time_features).to(at::kFloat)
                                                      : sinusoids(s.T, o.time_features));
    std::int64_t width = size * (1 + 2 * o.octaves);
    for (const std::int64_t next : o.hidden) {
      layers.push_back(register_module("layer" + std::to_string(layers.size()), torch::nn::Linear(width, next)));
      shifts.push_back(register_module("time" + std::to_string(shifts.size()),
                                       torch::nn::Linear(torch::nn::LinearOptions(o.time_features, next).bias(false))));
      width = next;
    }
    if (s.classes > 0) classes = register_module("classes", torch::nn::Embedding(s.classes, o.hidden.front()));
    readout = register_module("readout", torch::nn::Linear(width, size * outputs));
    at::NoGradGuard guard;
    readout->weight.zero_();  // starts at "predict nothing", where every loss of the house is finite
    readout->bias.zero_();
  }

  Tensor forward(const noneq::network_input& in) override {
    const Tensor x = in.x.flatten(1);
    std::vector<Tensor> features{x};
    for (std::int64_t k = 0; k < options.octaves; ++k) {
      const Tensor angle = x * std::exp2(static_cast<double>(k));
      features.insert(features.end(), {angle.sin(), angle.cos()});
    }
    Tensor h = at::cat(features, 1);
    const Tensor e =
        options.time == "log_snr" ? log_snr_sinusoids(in.log_snr, options.time_features) : times.index_select(0, in.t);
    for (std::size_t k = 0; k < layers.size(); ++k) {
      Tensor a = layers[k]->forward(h) + shifts[k]->forward(e);
      if (k == 0 && in.label.defined() && classes) a = a + classes->forward(in.label);
      a = activate(options.activation, a);
      h = options.residual && a.size(1) == h.size(1) ? h + a : a;
    }
    noneq::sizes out{in.x.size(0), outputs * shape[0]};
    out.insert(out.end(), shape.begin() + 1, shape.end());
    return readout->forward(h).view(out);
  }

  mlp_options options;
  noneq::sizes shape;
  std::int64_t outputs;
  Tensor times;
  std::vector<torch::nn::Linear> layers, shifts;
  torch::nn::Embedding classes{nullptr};
  torch::nn::Linear readout{nullptr};
};

struct mlp : noneq::model, mlp_options {
  void check() const override {
    if (hidden.empty()) throw noneq::error("got no hidden layer, need at least one width", "hidden");
    if (time != "bump" && time_features % 2 != 0)
      throw noneq::error("got an odd number of time_features, need an even one");
  }
  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    return std::make_shared<mlp_network>(*this, s);
  }

  static void describe(noneq::description<mlp>& d) {
    d.doc("Multi-layer perceptron on the flattened sample.")
        .param("hidden", &mlp::hidden, "width of each hidden layer", noneq::at_least(1), noneq::at_most(1e5))
        .param("activation", &mlp::activation, "nonlinearity of the hidden layers",
               noneq::one_of({"silu", "gelu", "tanh", "sigmoid", "relu"}))
        .param("time", &mlp::time, "embedding of t", noneq::one_of({"sinusoidal", "bump", "log_snr"}))
        .param("time_features", &mlp::time_features, "numbers in the embedding of t", noneq::at_least(2),
               noneq::at_most(1e4))
        .param("octaves", &mlp::octaves, "sines and cosines of x, 2x, 4x, … beside x itself: this many frequencies",
               noneq::at_least(0), noneq::at_most(24))
        .param("residual", &mlp::residual, "add a layer's input to its output where the widths agree");
  }
};

}

NONEQ_PLUGIN(mlp);
