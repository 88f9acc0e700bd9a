// A trained network together with its process: what samplers, metrics and writers ask.
// Const and thread-safe; call it without gradients.
#pragma once

#include <optional>

#include "noneq/plugin/process.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq {

class denoiser {
 public:
  denoiser(noneq::process p, std::shared_ptr<noneq::network> n) : process_(std::move(p)), network_(std::move(n)) {}

  const noneq::process& process() const { return process_; }
  noneq::network& network() const { return *network_; }
  denoiser respaced(const std::vector<std::int64_t>& indices) const { return {process_.respaced(indices), network_}; }

  // Everything the network says about x^t, all samples at step index i (of this, possibly respaced, process).
  struct prediction {
    coefficients c;
    Tensor z;              // the network's mean output
    distribution reverse;  // p(x^{t−1}|x^t)
    Tensor x0;             // x̂⁰
  };
  prediction predict(const Tensor& xt, std::int64_t i, const Tensor& label = {}) const;
  // The same at a step index per sample [B].
  prediction predict(const Tensor& xt, const Tensor& index, const Tensor& label = {}) const;

 private:
  noneq::process process_;
  std::shared_ptr<noneq::network> network_;
};

}
