// Measures a model, or what a sampler draws, and says with what error.
#pragma once

#include <cmath>
#include <limits>

#include "noneq/core/stop.hpp"
#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

struct measured {
  std::string name;
  double value;
  std::string unit;
  double standard_error = std::numeric_limits<double>::quiet_NaN();  // NaN: exact, or not known
  std::string on = "";  // the part of the data: train, validation or test; "": no data, or data without parts
  std::int64_t n = 0;   // samples or rows it was made from, where that is not plain from the pipeline; 0: not said
};

struct measurement {
  const noneq::denoiser& denoiser;
  source& data;
  noneq::stream stream;
  // Runs f(chunk) for chunk = 0..n−1 on the worker threads; results must go to places of their own. Chunks and calls
  // of the denoiser show how far it is, and end when the program is to stop; what works for seconds without either
  // calls stop_here_if_asked().
  std::function<void(std::int64_t n, const std::function<void(std::int64_t)>& f)> parallel;
  const std::vector<measured>& earlier;  // what other metrics of this occasion said before
  std::filesystem::path folder{};        // of the run: what is slow to make again may be kept there
  std::vector<measured> records{};
  batch arrays{};  // e.g. per-step curves, for writers
};

// A metric `of` a model.
struct metric : role<"metric"> {
  std::string weights = "ema";

  virtual void measure(measurement& m) const = 0;
  // Throws noneq::error when this data cannot be measured so; asked before training begins.
  virtual void check_data(const dataset_info&) const {}
  // Throws noneq::error when it has no meaning for this process. Called when a pipeline is checked.
  virtual void check_process(const process&) const {}

  template <class P>
  static void common(description<P>& d) {
    d.param("weights", &P::weights, "which weights to use", one_of({"ema", "raw"}));
  }
};

// Follows a sampler and measures what it draws, chunk by chunk.
struct meter {
  virtual ~meter() = default;
  // Runs on any thread, many at once: what of a chunk is worth keeping.
  virtual batch digest(const batch& chunk) const { return chunk; }
  // In order, one at a time.
  virtual void add(const batch& digested) = 0;
  // After the last chunk.
  virtual void finish(measurement& m) = 0;
};

// A metric that stands `in` a sampler. It sees the same samples as the sampler's writers, drawn once, and never all of
// them at a time; the weights are the sampler's.
struct sample_metric : metric {
  // m stays valid until the meter has finished.
  virtual std::unique_ptr<meter> follow(measurement& m) const = 0;
  // Throws noneq::error when so many samples are too few, or too many.
  virtual void check_count(std::int64_t /*samples*/) const {}
  void measure(measurement&) const final { throw error("measures samples, need in: a sampler"); }

  template <class P>
  static void common(description<P>& d) {
    d.reads("samples", "float32 [n, …], in data units");
  }
};

}
