// Draws new data from a trained model. A sampler is const; chunks are drawn by several threads at once, and a sample
// depends on the seed and its own index only, never on its chunk.
#pragma once

#include <algorithm>

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/part.hpp"
#include "noneq/plugin/roles/grid.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

// One chunk of samples to make.
struct sampling_request {
  std::int64_t first, count;  // samples first .. first+count−1
  sizes shape;                // of one sample
  noneq::stream stream;       // x^T: fork("start"); noise at original step index i: fork(i + 1); rows first …
  conditions given;           // count rows
  // Called with t and x^t on the way (t = T first, 0 last), for figures. May be empty.
  std::function<void(std::int64_t t, const Tensor& xt)> visit;
  batch rows = {};                 // of the stream that the sampler stands in, in data units; count rows, or no tensor
  Tensor start = {};               // x^T [count, …], float32 or float64; undefined: drawn from π in float32
  std::int64_t from_index = -1;    // the step index that `start` belongs to, the first that is visited; −1: the last
  normalisation normal = {};       // of the data, for parameters in data units
  std::vector<double> range = {};  // of the data, in data units; empty: not known
  // Called with the distance [count] of each drawn sample from the values that its guides are certain of, in units of
  // the model. Not called where guides leave a choice everywhere. May be empty.
  std::function<void(const Tensor& missed)> missed = {};
};

struct sampler : role<"sampler", node_kind::transform> {
  std::int64_t count = 0, chunk = 0, steps = 0, frames = 0, members = 0;
  part<noneq::grid> grid{"respaced"};
  double guidance = 1;
  std::vector<std::int64_t> labels;
  start_point start;
  std::string weights = "ema";

  // Returns x⁰ [count, …] in the model's units and the dtype of x^T. The denoiser applies guidance by class already.
  virtual Tensor sample(const denoiser& d, const sampling_request& r) const = 0;
  // Throws noneq::error when it cannot draw samples like these. Called with the first chunk before training begins.
  virtual void check_request(const process&, const sampling_request&) const {}
  // Names of the tensors that are read from the stream that the sampler stands in. A pipeline that lacks one is
  // refused.
  virtual std::vector<std::string> reads() const {
    return start.empty() ? std::vector<std::string>{} : std::vector<std::string>{start.from};
  }
  // Samples that are drawn where no stream decides it.
  std::int64_t samples() const {
    constexpr std::int64_t usual = 64;
    return count > 0 ? count : usual;
  }
  // Number of samples that are drawn together. It depends on the parameters only, never on the threads of a machine,
  // because the sums of a network may round differently in batches of another size.
  std::int64_t chunk_size() const {
    constexpr std::int64_t parts = 64, fewest = 16, most = 256;
    return chunk > 0 ? chunk : std::clamp((samples() - 1) / parts + 1, fewest, most);
  }
  // Returns the step indices (0-based, ascending) that are visited, of p.with_room_for(steps). Throws noneq::error when
  // the grid has no such choice.
  std::vector<std::int64_t> kept_steps(const process& p) const;

  template <class P>
  static void common(description<P>& d) {
    d.param(
         "count", &P::count,
         "samples to draw; 0: 64, or, where the sampler stands in a stream, one for each row. More than the stream has "
         "rows: they begin again",
         at_least(0))
        .param("chunk", &P::chunk, "samples drawn together by one thread; 0: a 64th of them, but 16 to 256",
               at_least(0), at_most(1e9))
        .param("steps", &P::steps, "steps at which the network is called, placed by grid; 0: as many as the grid has",
               at_least(0))
        .param("grid", &P::grid, "which steps of the schedule are visited")
        .param("guidance", &P::guidance,
               "s in ε̂ = ε(x,∅) + s(ε(x,c) − ε(x,∅)), classifier-free guidance: 1 none, 0 without classes; other than "
               "1 needs a model that knows 'no class'",
               at_least(0))
        .param("labels", &P::labels,
               "classes of the samples, in turn; the number of classes itself is 'no class', where the model knows it; "
               "empty: all classes in turn",
               at_least(0))
        .param("members", &P::members,
               "samples of each row of the stream, an ensemble: samples [n, members, …]; 0: one, samples [n, …]",
               at_least(0), at_most(1e6))
        .param("start", &P::start,
               "where to start: empty, noise from the seed; the tensor of the stream that holds x^T, one row a sample, "
               "in units of the model; {from: x0, t: 300}, data that is noised to t; or {from: x0, deviation: 0.2}, "
               "data that holds noise of this deviation, in data units, at the t where x^t has as much. The grid's "
               "steps above t are left out")
        .param("frames", &P::frames, "states x^t kept on the way for figures, equally spaced from t = T to 0",
               at_least(0), at_most(1000))
        .param("weights", &P::weights, "which weights to use", one_of({"ema", "raw"}));
    d.removed("noise", "stand in a loader of x^T instead: in: <loader>, as: {x0: noise}, start: noise");
    d.removed("noise_dataset", "it is the dataset of the loader of x^T that the sampler stands in");
    d.writes("samples",
             "float32 [n, …], or [n, members, …], in data units; float64 when noise is, or the data needs it",
             extent::like_samples);
    d.writes("frames", "[n, F, …], like samples, when frames > 0");
    d.writes("label", "int64 [n]: their classes, where the data has classes");
  }
};

}
