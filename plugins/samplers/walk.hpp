// The walk of a sampler down the schedule from t = T to 0: the steps it visits, the t under which the network and the
// noise know them, the x̂⁰ that a self-conditioned network receives, and when to show x^t. One walk makes one chunk and
// belongs to one thread.
#pragma once

#include "clip.hpp"

namespace shipped {

// How much signal and noise a state holds: x^t = alpha x⁰ + sigma ε.
struct level {
  double alpha, sigma;
  double lambda;                                   // ln alpha/sigma; +∞ for data, −∞ without signal
  double angle;                                    // of (alpha, sigma), from 0 (data) to π/2
  double spread() const { return sigma / alpha; }  // the σ of Karras et al. 2022

  bool has_signal() const { return alpha > 0; }
};

class walk {
 public:
  walk(const noneq::denoiser& d, const clipped_sampler& s, const noneq::sampling_request& r)
      : all_(d),
        sampler_(s),
        request_(r),
        visited_(below(s.kept_steps(d.process()), r.from_index)),
        shape_{r.count},
        guided_(s.guides.all(), d.process(), r) {
    shape_.insert(shape_.end(), r.shape.begin(), r.shape.end());
    levels_.push_back({1, 0, std::numeric_limits<double>::infinity(), 0});
    const noneq::Tensor log_signal = d.process().tables.log_alpha_bar.detach().contiguous();
    const noneq::Tensor noise = d.process().tables.one_minus_alpha_bar.detach().contiguous();
    for (std::int64_t i = 0; i < d.process().steps(); ++i) {
      const double in_logs = log_signal.data_ptr<double>()[i], variance = noise.data_ptr<double>()[i];
      const double alpha = std::exp(0.5 * in_logs), sigma = std::sqrt(variance);
      levels_.push_back({alpha, sigma, 0.5 * (in_logs - std::log(variance)), std::atan2(sigma, alpha)});
    }
  }

  std::int64_t steps() const { return static_cast<std::int64_t>(visited_.size()); }
  const noneq::process& process() const { return all_.process(); }
  // The step index of the k-th visited step; k = 0 is the last one before the data.
  std::int64_t index(std::int64_t k) const { return visited_[static_cast<std::size_t>(k)]; }

  // The level of a step index; −1 is the data.
  const level& at(std::int64_t i) const { return levels_[static_cast<std::size_t>(i + 1)]; }

  // Returns the network's prediction at step index i, with x̂⁰ guided and clipped as the sampler wants it.
  noneq::denoiser::prediction predict(const noneq::Tensor& x, std::int64_t i) {
    return remember(guided_.predict(all_, x, i, given()));
  }
  // Predicts for a process that has the visited steps only, whose reverse step leads from the k-th to the one below.
  noneq::denoiser::prediction predict_of_visited(const noneq::Tensor& x, std::int64_t k) {
    if (!visited_only_) visited_only_ = steps() < process().steps() ? all_.respaced(visited_) : all_;
    return remember(guided_.predict(*visited_only_, x, k, given()));
  }

  const guided& guides() const { return guided_; }

  // Noise belongs to the original step and the sample, so that neither chunks nor the number of steps change what a
  // step draws.
  noneq::Tensor noise(std::int64_t i) const { return noise_of(of_step(i)); }
  // A step that is drawn repeatedly needs more noise for each repetition = 1, 2, …: for the way back up, and for
  // drawing it again.
  noneq::Tensor noise_back(std::int64_t i, std::int64_t repetition) const {
    return noise_of(of_step(i).fork("back").fork(repetition));
  }
  noneq::Tensor noise_again(std::int64_t i, std::int64_t repetition) const {
    return noise_of(of_step(i).fork("again").fork(repetition));
  }

  // Walks from x^T through  x = step(x, k)  for k = steps−1 … 0 and returns the last x.
  template <class Step>
  noneq::Tensor run(Step step) {
    const at::NoGradGuard no_gradients;
    noneq::Tensor x = start();
    show(original(index(steps() - 1)) + 1, x);
    for (std::int64_t k = steps() - 1; k >= 0; --k) {
      x = step(x, k);
      show(k == 0 ? 0 : original(index(k - 1)) + 1, x);
    }
    if (request_.missed)
      if (const noneq::Tensor missed = guided_.missed(x); missed.defined()) request_.missed(missed);
    return x;
  }

 private:
  // The conditions of the samples, with the x̂⁰ found before, for a self-conditioned network.
  noneq::conditions given() const { return request_.given.with("x0_hat", told_); }

  // Returns the steps up to a given one, and that one itself; all of them for −1.
  static std::vector<std::int64_t> below(std::vector<std::int64_t> all, std::int64_t index) {
    if (index < 0) return all;
    all.erase(std::lower_bound(all.begin(), all.end(), index), all.end());
    all.push_back(index);
    return all;
  }

  // The index in the schedule that the network was trained with.
  std::int64_t original(std::int64_t i) const {
    const auto& kept = process().kept;
    return kept.empty() ? i : kept[static_cast<std::size_t>(i)];
  }

  noneq::stream of_step(std::int64_t i) const { return request_.stream.fork(original(i) + 1); }
  noneq::Tensor noise_of(const noneq::stream& s) const { return process().kernel->noise(shape_, s, request_.first); }

  noneq::Tensor start() const {
    if (request_.start.defined()) return request_.start;
    const noneq::kernel& k = *process().kernel;
    return k.sample(k.stationary(at::empty(shape_, at::kFloat)), noise_of(request_.stream.fork("start")));
  }

  void show(std::int64_t t, const noneq::Tensor& x) const {
    if (request_.visit) request_.visit(t, x);
  }

  noneq::denoiser::prediction remember(noneq::denoiser::prediction p) {
    p.x0 = sampler_.clipped(p.x0);
    told_ = p.x0;
    return p;
  }

  const noneq::denoiser& all_;
  std::optional<noneq::denoiser> visited_only_;
  const clipped_sampler& sampler_;
  const noneq::sampling_request& request_;
  const std::vector<std::int64_t> visited_;
  noneq::sizes shape_;
  const guided guided_;
  std::vector<level> levels_;  // of the data, then of every step
  noneq::Tensor told_;
};

}
