// A model holds hyper-parameters and builds networks. The framework owns, averages, saves and loads their weights.
//
// Shapes and units: a network maps B states [B, C, …], as the prediction scales them, to [B, outputs·C, …].
// Threads: a model's functions are called by one thread at a time; forward() of a network may be called concurrently.
// Requires: every parameter is registered with the module, and forward() changes nothing in it.
// Errors: check_signature() throws noneq::error before training begins; what build() and forward() throw ends the run.
#pragma once

#include <map>
#include <memory>

#include <torch/nn/module.h>

#include "noneq/core/random.hpp"
#include "noneq/plugin/conditions.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

// One call of a network on B samples.
struct network_input {
  // [B, …] in the dtype of the weights: x^t as the prediction scales it (mean::input).
  Tensor x;
  // [B], the place in the schedule that the network was trained with: the step index t − 1, int64, or float64 in
  // continuous time.
  Tensor t;
  noneq::conditions given;  // B rows; float tensors in the dtype of the weights
  // float32 [B], ln SNR of x^t under the schedule as it is now, also while that is being learned. With
  // σ = √(1−ᾱ)/√ᾱ it is −2 ln σ, so that the c_noise = ln(σ)/4 of Karras et al. 2022 is −log_snr/8.
  Tensor log_snr;
  const stream* dropout = nullptr;  // dropout draws from it, by sample; null when the network is not trained
  std::int64_t first = 0;           // index of the first sample in its batch: the row of dropout's first number
};

// The data and the process that a network is built for.
struct network_signature {
  sizes shape;           // of one sample
  std::int64_t outputs;  // numbers per dimension: the result has outputs·shape[0] entries along dimension 1
  std::int64_t T;        // steps of the schedule
  std::int64_t classes;  // 0: no labels
  // The shape of one row of each condition that the model names; a row of single numbers has the shape [1].
  std::map<std::string, sizes> conditions = {};
  // For the first weights: a fork for each, by its name, so that one seed gives equal weights under any libtorch.
  stream first_weights = stream(0);
};

struct network : torch::nn::Module {
  // Returns [B, outputs·shape[0], …]. Called concurrently, with and without gradients. It may change registered buffers
  // only, in place, guarded by the network and in an order that does not matter: changed buffers are saved with the
  // weights, and the averages have the buffers of the network that is trained.
  virtual Tensor forward(const network_input& in) = 0;
  // Returns whether the label `classes` is valid too and means ∅, "no class", which guidance needs (Ho & Salimans
  // 2022).
  virtual bool knows_no_class() const { return false; }
  // Names of the conditions that may be left out of a prediction, because training left them out at times. Guidance
  // leaves them out.
  virtual std::vector<std::string> knows_without() const { return {}; }
  // Returns whether t may lie between the steps.
  virtual bool takes_any_t() const { return false; }
  // Returns whether the network reads the condition x0_hat, which training then gives to half of the samples. A missing
  // x0_hat means zeros.
  virtual bool self_conditioned() const { return false; }
};

struct model : role<"model", node_kind::transform> {
  // Returns a network whose first weights are drawn from s.first_weights. Modules of libtorch draw theirs from its
  // global generator, which the framework seeds, and whose numbers differ between versions of libtorch.
  virtual std::shared_ptr<network> build(const network_signature& s) const = 0;
  // Names of the tensors of a batch, beside label, that the network reads as conditions. A pipeline that lacks one is
  // refused.
  virtual std::vector<std::string> conditions() const { return {}; }
  // Returns whether the first dimension of a sample is taken for channels and the others for places.
  virtual bool takes_channels() const { return false; }
  // Throws noneq::error when the network cannot take this data.
  virtual void check_signature(const network_signature&) const {}

  template <class P>
  static void common(description<P>& d) {
    d.reads("xt", "float32 [B, …]").reads("t", "int64 [B]").writes("output", "float32 [B, outputs·C, …]");
  }
};

}
