// A trained network together with its process: what samplers, metrics and writers ask.
// Const and thread-safe; call it without gradients.
#pragma once

#include <functional>
#include <optional>

#include "noneq/plugin/process.hpp"

namespace noneq {

struct network;

class denoiser {
 public:
  denoiser(noneq::process p, std::shared_ptr<noneq::network> n);

  const noneq::process& process() const { return process_; }
  noneq::network& network() const { return *network_; }
  denoiser respaced(const std::vector<std::int64_t>& indices) const;
  denoiser with_room_for(std::int64_t steps) const;  // see process

  // Classifier-free guidance (Ho & Salimans 2022, eq. 6, whose 1 + w is `scale`): the network's mean output becomes
  // z(x,∅) + scale·(z(x,c) − z(x,∅)), where ∅ is the label `classes`. Every prediction of a Gaussian state is affine in
  // ε at given x^t, so this is ε(x,∅) + scale·(ε(x,c) − ε(x,∅)); for bits it is the same in logits. The variance stays
  // that of c. Costs two calls of the network; scale = 1 is no guidance and one call.
  // Throws noneq::error when scale ≠ 1 and the network does not know ∅.
  denoiser guided(double scale, std::int64_t classes) const;

  // The same, which calls `before` ahead of each call of the network, on the thread that makes it; what that throws
  // ends the prediction. So whoever waits can count the calls, and stop them.
  denoiser watched(std::function<void()> before) const;

  // Everything the network says about x^t, all samples at step index i (of this, possibly respaced, process).
  struct prediction {
    coefficients c;
    Tensor z;              // the network's mean output, said of this process's step
    distribution reverse;  // p(x^{t−1}|x^t)
    Tensor x0;             // x̂⁰
  };
  // xt may be float64: the network sees it in the dtype of its weights, all else is done in that of xt.
  // x0_hat: the x̂⁰ found before, which a self-conditioned network is told; undefined: zeros.
  prediction predict(const Tensor& xt, std::int64_t i, const Tensor& label = {}, const Tensor& x0_hat = {}) const;
  // The same at a step index per sample [B].
  prediction predict(const Tensor& xt, const Tensor& index, const Tensor& label = {}, const Tensor& x0_hat = {}) const;

 private:
  noneq::process process_;
  std::shared_ptr<noneq::network> network_;
  std::optional<at::ScalarType> dtype_;  // of the weights; none: a formula, which takes any
  double guidance_ = 1;
  std::int64_t no_class_ = 0;
  std::function<void()> before_;
};

}
