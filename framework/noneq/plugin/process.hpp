// The diffusion process of a pipeline: kernel, schedule, mean and variance, which noiser, loss, sampler and metric
// share. A value that shares its parts. Const use is thread-safe.
#pragma once

#include "noneq/plugin/roles/mean.hpp"
#include "noneq/plugin/roles/schedule.hpp"
#include "noneq/plugin/roles/variance.hpp"

namespace noneq {

struct process {
  std::shared_ptr<const noneq::kernel> kernel;
  std::shared_ptr<const noneq::schedule> schedule;
  std::shared_ptr<const noneq::mean> mean;
  std::shared_ptr<const noneq::variance> variance;  // null when the kernel has none
  noneq::tables tables;
  // For a respaced process: the original index of each kept step, and the tables of the steps the network was trained
  // with; empty: all.
  std::vector<std::int64_t> kept;
  noneq::tables trained = {};
  // For a refined process: t − 1 of each of its steps, float64, in the time the network was trained in; undefined: 0,
  // 1, ….
  Tensor times = {};

  std::int64_t steps() const { return tables.steps(); }
  std::int64_t outputs() const { return mean->outputs() + (variance ? variance->outputs() : 0); }

  // Returns this process with tables of the schedule as it is now. With a learned schedule they carry gradients.
  process refreshed() const;
  // Returns the process of the steps at `indices` (ascending) alone, with β' = 1 − ᾱ_i/ᾱ_previous.
  process respaced(const std::vector<std::int64_t>& indices) const;

  // Returns a process with at least `steps` steps where time is continuous, by refining the grid; otherwise *this.
  process with_room_for(std::int64_t steps) const;

  // Returns the network's input for x^t at the coefficients c (mean::input). Throws noneq::error when the mean returns
  // another shape or dtype than that of xt.
  Tensor input(const Tensor& xt, const coefficients& c) const;

  // Converts step indices of this process (int64 [B]) to t − 1 of the schedule the network was trained with, int64 or,
  // in continuous time, float64.
  Tensor seen(const Tensor& index) const;

  // Returns ln SNR at each index (int64, or float64, [B]), float32 [B], without gradient; at least ln 1e-12, so that it
  // is finite where ᾱ is 0.
  Tensor log_snr(const Tensor& index) const;

  // Splits a network's output [B, outputs·C, …] into the parts that mean and variance read.
  struct split_output {
    Tensor z, raw_variance;
  };
  split_output split(const Tensor& output) const;

  // Returns ln Σ of the reverse step from the variance's part of the output; undefined for kernels without variance.
  Tensor log_variance(const Tensor& raw, const coefficients& c) const;

  // Returns p(x^{t−1}|x^t) from a network's output. Throws noneq::error when a part returns a wrong shape.
  distribution reverse(const Tensor& output, const Tensor& xt, const coefficients& c) const;
};

}
