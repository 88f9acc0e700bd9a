// A trained network and its process, with which samplers, metrics and writers predict. A value that shares the network.
// Const use is thread-safe. Gradients with respect to x^t flow where the caller enables them.
#pragma once

#include <functional>
#include <optional>

#include "noneq/plugin/conditions.hpp"
#include "noneq/plugin/process.hpp"

namespace noneq {

struct network;

class denoiser {
 public:
  // `conditions`: the names of the tensors that the network reads as conditions.
  denoiser(noneq::process p, std::shared_ptr<noneq::network> n, std::vector<std::string> conditions = {});

  const noneq::process& process() const { return process_; }
  noneq::network& network() const { return *network_; }
  denoiser respaced(const std::vector<std::int64_t>& indices) const;
  denoiser with_room_for(std::int64_t steps) const;  // see process

  // Returns the conditions of these rows: label, where they have one, and the tensors that the network reads.
  conditions given(const batch& rows) const { return conditions_of(rows, conditions_); }

  // Returns a denoiser with classifier-free guidance (Ho & Salimans 2022, eq. 6, whose 1 + w is `scale`): the network's
  // mean output becomes z(x,∅) + scale·(z(x,c) − z(x,∅)), where ∅ is the label `classes` and no condition that the
  // network knows to do without. Every prediction of a Gaussian state is affine in ε at given x^t, so this is
  // ε(x,∅) + scale·(ε(x,c) − ε(x,∅)); for bits it holds in logits. The variance stays that of c. Costs two calls of the
  // network; scale = 1 is no guidance and one call. Throws noneq::error when scale ≠ 1 and the network knows no ∅.
  denoiser guided(double scale, std::int64_t classes) const;

  // Returns a denoiser that calls `before` ahead of each call of the network, on the thread that makes it. An exception
  // from `before` ends the prediction. This is how calls are counted and stopped.
  denoiser watched(std::function<void()> before) const;

  struct prediction {
    coefficients c;        // of this, possibly respaced, process
    Tensor z;              // the network's mean output, converted to the step of this process (mean::of_step)
    distribution reverse;  // p(x^{t−1}|x^t)
    Tensor x0;             // x̂⁰
  };
  // Returns the prediction for x^t [B, …], float32 or float64, at the step index of each sample (int64 [B], of this
  // process), under B rows of conditions. The network computes in the dtype of its weights, all else in that of xt.
  // Throws noneq::error when the network or a part of the process returns a tensor of a wrong shape or dtype.
  prediction predict(const Tensor& xt, const Tensor& index, const conditions& given = {}) const;
  // Returns the prediction where all samples are at step index i.
  prediction predict(const Tensor& xt, std::int64_t i, const conditions& given = {}) const;

 private:
  noneq::process process_;
  std::shared_ptr<noneq::network> network_;
  std::vector<std::string> conditions_;
  std::optional<at::ScalarType> dtype_;  // of the weights; none: a formula, which takes any
  double guidance_ = 1;
  std::int64_t no_class_ = 0;
  std::function<void()> before_;
};

}
