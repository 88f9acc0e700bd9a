// Draws new data from a trained model.
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
  Tensor label;               // int64 [count], or undefined
  // Called with t and x^t on the way (t = T first, 0 last), for figures.
  std::function<void(std::int64_t t, const Tensor& xt)> visit;
  Tensor start = {};               // x^T [count, …], float32 or float64; undefined: drawn from π in float32
  normalisation normal = {};       // of the data, for what is said in data units
  std::vector<double> range = {};  // of the data, in data units; empty: not known
  // Called with how far each sample [count] that was drawn is from what its guides are certain of, in units of the
  // model; not called where they leave a choice everywhere.
  std::function<void(const Tensor& missed)> missed = {};
};

struct sampler : role<"sampler"> {
  std::int64_t count = 64, chunk = 0, steps = 0, frames = 0;
  part<noneq::grid> grid{"respaced"};
  double guidance = 1;
  std::vector<std::int64_t> labels;
  std::filesystem::path noise;
  std::string noise_dataset = "noise", weights = "ema";

  // x⁰ [count, …] in the model's units and the dtype of x^T. Guidance is in d already.
  virtual Tensor sample(const denoiser& d, const sampling_request& r) const = 0;
  // Throws noneq::error when it cannot draw samples like these; asked before training begins, of the first chunk.
  virtual void check_request(const process&, const sampling_request&) const {}
  // Samples that are drawn together. It depends on nothing but the parameters, never on the threads of a machine: the
  // sums of a network may round differently in batches of another size.
  std::int64_t chunk_size() const {
    constexpr std::int64_t parts = 64, fewest = 16, most = 256;
    return chunk > 0 ? chunk : std::clamp((count - 1) / parts + 1, fewest, most);
  }
  // Indices (0-based, ascending) of the steps that are visited, of p with room for them. Throws noneq::error when there
  // are none such.
  std::vector<std::int64_t> kept_steps(const process& p) const;

  template <class P>
  static void common(description<P>& d) {
    d.param("count", &P::count, "samples to draw", at_least(1))
        .param("chunk", &P::chunk, "samples drawn together by one thread; 0: a 64th of them, but 16 to 256",
               at_least(0), at_most(1e9))
        .param("steps", &P::steps, "steps at which the network is asked, placed by grid; 0: as many as the grid has",
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
        .param("noise", &P::noise, "HDF5 file of x^T to start from, one row a sample; empty: drawn from the seed")
        .param("noise_dataset", &P::noise_dataset, "its dataset")
        .param("frames", &P::frames, "states x^t kept on the way for figures, equally spaced from t = T to 0",
               at_least(0), at_most(1000))
        .param("weights", &P::weights, "which weights to use", one_of({"ema", "raw"}));
    d.writes("samples", "float32 [n, …], in data units; float64 when noise is, or the data needs it",
             extent::like_samples);
    d.writes("frames", "[n, F, …], like samples, when frames > 0");
    d.writes("label", "int64 [n]: their classes, where the data has classes");
  }
};

}
