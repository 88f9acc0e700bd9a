// The image network of Sohl-Dickstein et al. 2015 (appendix D.2.1 and the published code): convolutions at several
// scales beside a dense network over the whole image, joined by a small network at each pixel, whose outputs are
// coefficients of bumps in t.
#include <cmath>

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "noneq/compute/reference.hpp"
#include "noneq/diffusion/bump.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace {

using noneq::Tensor;

struct multiscale_options {
  std::int64_t scales = 3, layers = 4, features = 20, dense_layers = 4, dense_width = 500, dense_outputs = 2;
  std::int64_t pixel_layers = 2, pixel_width = 20, bumps = 10;
};

Tensor rectified(const Tensor& x) { return at::leaky_relu(x, 0.05); }

struct multiscale_network : noneq::network {
  multiscale_network(const multiscale_options& o, const noneq::network_signature& s)
      : options(o), first_weights(s.first_weights), shape(s.shape), outputs(s.shape[0] * s.outputs) {
    basis = register_buffer("basis", noneq::bump_basis(s.T, o.bumps).to(at::kFloat));
    const std::int64_t pixels = shape[1] * shape[2];
    for (std::int64_t k = 0; k < o.layers; ++k) {
      for (std::int64_t scale = 0; scale < o.scales; ++scale)
        convolutions.push_back(add<torch::nn::Conv2d>(
            "scale", torch::nn::Conv2dOptions(k == 0 ? shape[0] : o.features, o.features, 3).padding(1)));
    }
    std::int64_t width = shape[0] * pixels;
    for (std::int64_t k = 0; k < o.dense_layers; ++k) {
      const bool last = k + 1 == o.dense_layers;
      const std::int64_t next = last ? o.dense_outputs * pixels : o.dense_width;
      dense.push_back(add<torch::nn::Linear>("dense", torch::nn::LinearOptions(width, next)));
      width = next;
    }
    width = o.features + o.dense_outputs;
    for (std::int64_t k = 0; k < o.pixel_layers; ++k) {
      const bool last = k + 1 == o.pixel_layers;
      const std::int64_t next = last ? outputs * o.bumps : o.pixel_width;
      pixelwise.push_back(add<torch::nn::Conv2d>("pixel", torch::nn::Conv2dOptions(width, next, 1)));
      width = next;
    }
    at::NoGradGuard guard;
    pixelwise.back()->weight.zero_();  // starts at "predict nothing", where every loss of the house is finite
    pixelwise.back()->bias.zero_();
  }

  Tensor forward(const noneq::network_input& in) override {
    Tensor h = at::cat({convolved(in.x), densely(in.x)}, 1);
    for (std::size_t k = 0; k < pixelwise.size(); ++k) {
      h = pixelwise[k]->forward(h);
      if (k + 1 < pixelwise.size()) h = rectified(h);
    }
    const Tensor g = basis.index_select(0, in.t).view({-1, options.bumps, 1, 1, 1});
    return (h.view({-1, options.bumps, outputs, shape[1], shape[2]}) * g).sum(1);
  }

  // Each layer: the image at every scale, convolved, brought back to full size, and summed.
  Tensor convolved(Tensor h) {
    for (std::int64_t k = 0; k < options.layers; ++k) {
      Tensor sum;
      for (std::int64_t scale = 0; scale < options.scales; ++scale) {
        const std::int64_t window = std::int64_t{1} << scale;
        const Tensor coarse =
            scale == 0 ? h : at::avg_pool2d(h, {window, window}, {window, window}, {0, 0}, true, false);
        Tensor y = rectified(convolutions[static_cast<std::size_t>(k * options.scales + scale)]->forward(coarse));
        if (scale > 0) y = at::upsample_nearest2d(y, {shape[1], shape[2]});
        sum = sum.defined() ? sum + y : y;
      }
      h = sum;
    }
    return h;
  }

  Tensor densely(const Tensor& x) {
    Tensor h = x.flatten(1);
    for (auto& layer : dense) h = rectified(layer->forward(h));
    return h.view({-1, options.dense_outputs, shape[1], shape[2]});
  }

  // Its first weights are uniform in ±1/√n for units that read n numbers, which is libtorch's choice for these modules.
  template <class Module, class Options>
  Module add(const std::string& kind, const Options& how) {
    const std::string name = kind + std::to_string(counted++);
    Module made = register_module(name, Module(how));
    const double spread = 1 / std::sqrt(static_cast<double>(made->weight[0].numel()));
    at::NoGradGuard values_only;
    for (const auto& p : made->named_parameters())
      p.value().copy_(
          noneq::compute::initial_weight({name + "." + p.key(), p.value().sizes().vec(), spread}, first_weights));
    return made;
  }

  multiscale_options options;
  noneq::stream first_weights;
  noneq::sizes shape;
  std::int64_t outputs, counted = 0;
  Tensor basis;
  std::vector<torch::nn::Conv2d> convolutions, pixelwise;
  std::vector<torch::nn::Linear> dense;
};

struct multiscale : noneq::model, multiscale_options {
  bool takes_channels() const override { return true; }
  void check_signature(const noneq::network_signature& s) const override {
    if (s.shape.size() != 3)
      throw noneq::error("got samples of shape " + noneq::to_string(s.shape) +
                         ", need [C, H, W]; {plugin: transform.channels, from: none} behind the loader makes one of "
                         "[H, W]");
  }
  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    return std::make_shared<multiscale_network>(*this, s);
  }

  static void describe(noneq::description<multiscale>& d) {
    d.doc("2015's image network: convolutions at several scales and a dense branch, read out by bumps in t.")
        .param("scales", &multiscale::scales, "scales 1, 2, 4, … of each convolution", noneq::between(1, 20))
        .param("layers", &multiscale::layers, "layers of convolutions", noneq::between(1, 1000))
        .param("features", &multiscale::features, "features of a convolution", noneq::between(1, 1e5))
        .param("dense_layers", &multiscale::dense_layers, "layers of the dense branch", noneq::between(1, 1000))
        .param("dense_width", &multiscale::dense_width, "units of its hidden layers", noneq::between(1, 1e6))
        .param("dense_outputs", &multiscale::dense_outputs, "what it gives to each pixel", noneq::between(1, 1e5))
        .param("pixel_layers", &multiscale::pixel_layers, "layers at each pixel", noneq::between(1, 1000))
        .param("pixel_width", &multiscale::pixel_width, "units of its hidden layers", noneq::between(1, 1e5))
        .param("bumps", &multiscale::bumps, "bumps in t that are read out", noneq::between(1, 1e4));
  }
};

}

NONEQ_PLUGIN(multiscale);
