// The diffusion process of a pipeline: kernel, schedule, mean and variance, stated once and shared by noiser, loss,
// sampler and metric. A value of shared parts; const use is thread-safe.
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
  // For a refined process: t − 1 of each of its steps, float64, as the network knows it; undefined: 0, 1, ….
  Tensor times = {};

  std::int64_t steps() const { return tables.steps(); }
  std::int64_t outputs() const { return mean->outputs() + (variance ? variance->outputs() : 0); }

  // The tables as the schedule is now; with a learned schedule they carry gradients.
  process refreshed() const;
  // The same process seen only at `indices` (ascending) of its steps, with β' = 1 − ᾱ_i/ᾱ_previous.
  process respaced(const std::vector<std::int64_t>& indices) const;

  // The same process with room for that many steps: itself, or, where time is continuous, one of finer steps.
  process with_room_for(std::int64_t steps) const;

  // t − 1 as the network knows it, of the steps at `index` (int64 [B]) of this process; int64, or float64.
  Tensor seen(const Tensor& index) const;

  // ln SNR at each index (int64, or float64, [B]), float32 [B], without gradient; bounded where ᾱ is 0.
  Tensor log_snr(const Tensor& index) const;

  // A network's output [B, outputs·C, …] split into what mean and variance read.
  struct split_output {
    Tensor z, raw_variance;
  };
  split_output split(const Tensor& output) const;

  // ln Σ of the reverse step from the network's second output; undefined for kernels that have no variance.
  Tensor log_variance(const Tensor& raw, const coefficients& c) const;

  // p(x^{t−1}|x^t) from a network's output.
  distribution reverse(const Tensor& output, const Tensor& xt, const coefficients& c) const;
};

}
