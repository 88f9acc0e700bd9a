// The network. A model plugin holds its hyper-parameters and builds networks; the framework owns, averages, saves and
// loads their weights.
#pragma once

#include <memory>

#include <torch/nn/module.h>

#include "noneq/core/random.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

struct network_input {
  Tensor x;  // float32 [B, …]
  Tensor t;  // int64 [B]: step index t − 1 of the schedule the network was trained with; float64 in continuous time
  Tensor label;    // int64 [B]; undefined without classes. The index one past the last class means "no class"
  Tensor log_snr;  // float32 [B]: ln SNR at t under the schedule as it is now, for networks that follow a learned one
  Tensor x0_hat = {};  // float32 [B, …]: an earlier x̂⁰, for self-conditioned networks; undefined: zeros
  const stream* dropout = nullptr;  // where dropout draws from, by sample; null when the network is not trained
  std::int64_t first = 0;           // index of the first sample in its batch: the row of dropout's first number
};

// What a network must fit.
struct network_signature {
  sizes shape;           // of one sample
  std::int64_t outputs;  // numbers per dimension: the result has outputs·shape[0] entries along dimension 1
  std::int64_t T;        // steps of the schedule
  std::int64_t classes;  // 0: no labels
};

struct network : torch::nn::Module {
  // [B, outputs·shape[0], …]. Called by several threads at once, with and without gradients; must not change the
  // module.
  virtual Tensor forward(const network_input& in) = 0;
  // Whether `classes` itself is a label too: ∅, "no class", which guidance needs (Ho & Salimans 2022).
  virtual bool knows_no_class() const { return false; }
  // Whether t may be between the steps.
  virtual bool takes_any_t() const { return false; }
  // Whether it reads x0_hat (Chen et al. 2023, "Analog bits").
  virtual bool self_conditioned() const { return false; }
};

struct model : role<"model"> {
  // Weights drawn from torch's global generator, which the framework seeds.
  virtual std::shared_ptr<network> build(const network_signature& s) const = 0;
  // Whether the first dimension of a sample is taken for channels and the others for places.
  virtual bool takes_channels() const { return false; }
  // Throws noneq::error when the network cannot take this data.
  virtual void check_signature(const network_signature&) const {}

  template <class P>
  static void common(description<P>& d) {
    d.reads("xt", "float32 [B, …]").reads("t", "int64 [B]").writes("output", "float32 [B, outputs·C, …]");
  }
};

}
