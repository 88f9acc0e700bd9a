// Draws new data from a trained model.
#pragma once

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

// One chunk of samples to make.
struct sampling_request {
  std::int64_t first, count;  // samples first .. first+count−1
  sizes shape;                // of one sample
  noneq::stream stream;       // x^T: fork("start"); noise at original step index i: fork(i + 1); rows first …
  Tensor label;               // int64 [count], or undefined
  // Called with t and x^t on the way (t = T first, 0 last), for figures.
  std::function<void(std::int64_t t, const Tensor& xt)> visit;
};

struct sampler : role<"sampler"> {
  std::int64_t count = 64, chunk = 256, steps = 0, frames = 0;
  std::string weights = "ema";

  // x⁰ [count, …] in the model's units.
  virtual Tensor sample(const denoiser& d, const sampling_request& r) const = 0;
  // Indices (0-based, ascending) of the schedule's steps that are visited when `steps` are asked for.
  virtual std::vector<std::int64_t> kept_steps(std::int64_t T) const;

  template <class P>
  static void common(description<P>& d) {
    d.param("count", &P::count, "samples to draw", at_least(1))
        .param("chunk", &P::chunk, "samples drawn together by one thread", at_least(1))
        .param("steps", &P::steps, "reverse steps, spread over the schedule; 0: all", at_least(0))
        .param("frames", &P::frames, "states x^t kept on the way for figures, equally spaced from t = T to 0",
               at_least(0), at_most(1000))
        .param("weights", &P::weights, "which weights to use", one_of({"ema", "raw"}));
    d.writes("samples", "float32 [n, …], in data units");
    d.writes("frames", "float32 [n, F, …], in data units, when frames > 0");
  }
};

}
