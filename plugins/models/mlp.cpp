// Multi-layer perceptron over the flattened sample, conditioned on t and on class labels. Every hidden layer reads the
// embedding of t: sinusoids of t (Vaswani et al. 2017, as in Ho et al. 2020), 2015's bumps, or sinusoids of ln SNR,
// which follow a schedule that is learned. Octaves sin(2^k x), cos(2^k x) beside x (Mildenhall et al. 2020; Kingma et
// al. 2021) let a small network resolve fine structure in few dimensions.
#include "computed_here.hpp"
#include "conditioning.hpp"
#include "dotted.hpp"
#include "noneq/compute/builder.hpp"
#include "noneq/compute/execution.hpp"
#include "noneq/diffusion/bump.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace {

using noneq::Tensor;

// Frequencies for t − 1 spread over 0..1000 at any T, the range they were made for.
Tensor sinusoids(const Tensor& index, std::int64_t T, std::int64_t width) {
  const noneq::compute::sinusoid_layer how{.out = noneq::compute::none, .scale = 1000.0 / static_cast<double>(T)};
  return noneq::compute::sinusoids(how, index, width).to(at::kFloat);
}

// ln SNR spans about −10..12, at wavelengths from a fifth of a nat to several nats.
Tensor log_snr_sinusoids(const Tensor& log_snr, std::int64_t width) {
  const Tensor k = at::arange(width / 2, at::kFloat) / static_cast<double>(width / 2);
  const Tensor angle = log_snr.unsqueeze(1) * (1.5 * at::exp(-k * std::log(30.0)));
  return at::cat({angle.sin(), angle.cos()}, 1);
}

struct mlp_options : noneq::compute::execution_choice, shipped::condition_options {
  std::vector<std::int64_t> hidden{128, 128, 128};
  std::string activation = "silu", time = "sinusoidal";
  std::int64_t time_features = 32, octaves = 0;
  bool residual = false;

  noneq::compute::activation function() const {
    using enum noneq::compute::activation;
    return std::map<std::string, noneq::compute::activation>{
        {"silu", silu}, {"gelu", gelu}, {"relu", relu}, {"tanh", tanh}, {"sigmoid", sigmoid}}
        .at(activation);
  }

  // Value 0 is the network's input for x and the conditions, then the embedding of t.
  noneq::compute::network_layers layers(const noneq::network_signature& s) const {
    const std::int64_t size = c10::multiply_integers(s.shape),
                       seen = size * (1 + 2 * octaves) + shipped::conditioning(*this, s, true).numbers();
    noneq::compute::builder build(seen + time_features, {1, 1});
    const noneq::compute::value_id e = build.slice(0, seen, time_features);
    noneq::compute::value_id h = noneq::compute::none;
    for (std::size_t k = 0; k < hidden.size(); ++k) {
      noneq::compute::value_id a =
          build.linear(k == 0 ? 0 : build.concat(h, e), "layer" + std::to_string(k), hidden[k]);
      if (k == 0 && s.classes > 0) a = build.add(a, build.table("classes", s.classes, hidden[k], false));
      a = build.act(a, function());
      h = residual && k > 0 && hidden[k] == hidden[k - 1] ? build.add(h, a) : a;
    }
    // Starts at "predict nothing", where every loss of the house is finite.
    return std::move(build).finish(build.linear(h, "readout", size * s.outputs, noneq::compute::start::zero));
  }
};

struct mlp_network : noneq::network, noneq::computes_here {
  mlp_network(const mlp_options& o, const noneq::network_signature& s)
      : options(o), shape(s.shape), outputs(s.outputs), given(o, s, true), executed(o.layers(s), o) {
    times = register_buffer("times", o.time == "bump" ? noneq::bump_basis(s.T, o.time_features).to(at::kFloat)
                                                      : sinusoids(at::arange(s.T), s.T, o.time_features));
    for (const noneq::compute::weight_spec& w : executed.layers().weights) {
      weights.push_back(noneq::compute::initial_weight(w, s.first_weights));
      shipped::register_dotted(*this, w.name, weights.back());
    }
  }

  answer here() const override { return shipped::computed_here(executed.layers(), options); }

  bool takes_any_t() const override { return options.time != "bump"; }
  std::vector<std::string> knows_without() const override { return given.dropped(); }

  Tensor forward(const noneq::network_input& in) override {
    const Tensor x = in.x.flatten(1);
    std::vector<Tensor> features{x};
    for (std::int64_t k = 0; k < options.octaves; ++k) {
      const Tensor angle = x * std::exp2(static_cast<double>(k));
      features.insert(features.end(), {angle.sin(), angle.cos()});
    }
    if (const Tensor vectors = given.vectors(in); vectors.defined()) features.push_back(vectors);
    features.push_back(embedding(in).to(x.dtype()));
    noneq::sizes out{in.x.size(0), outputs * shape[0]};
    out.insert(out.end(), shape.begin() + 1, shape.end());
    return executed.forward(weights, {at::cat(features, 1), in.t, in.given.find("label")}).view(out);
  }

  Tensor embedding(const noneq::network_input& in) const {
    if (options.time == "log_snr") return log_snr_sinusoids(in.log_snr, options.time_features);
    return in.t.is_floating_point() ? sinusoids(in.t, times.size(0), options.time_features)
                                    : times.index_select(0, in.t);
  }

  mlp_options options;
  noneq::sizes shape;
  std::int64_t outputs;
  shipped::conditioning given;
  noneq::compute::executed_network executed;
  Tensor times;
  std::vector<Tensor> weights;
};

struct mlp : noneq::model, mlp_options {
  void check() const override {
    if (hidden.empty()) throw noneq::error("got no hidden layer, need at least one width", "hidden");
    if (time != "bump" && time_features % 2 != 0)
      throw noneq::error("got an odd number of time_features, need an even one");
    check_conditions();
  }
  std::vector<std::string> conditions() const override { return condition; }
  void check_signature(const noneq::network_signature& s) const override { check_execution(layers(s)); }
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
        .param("residual", &mlp::residual, "add a layer's input to its output where the widths agree")
        .param("execution", &mlp::execution,
               "compiled: static plans on vectorised kernels; reference: libtorch; auto: the fastest that can do it",
               noneq::one_of({"auto", "compiled", "reference"}));
    describe_conditions(d, "all their numbers in a row");
  }
};

}

NONEQ_PLUGIN(mlp);
