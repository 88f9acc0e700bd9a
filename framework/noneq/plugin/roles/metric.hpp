// A metric is a sink whose outcome is numbers: it measures a model on rows of the data, or the samples that a sampler
// draws.
//
// Shapes and units: a metric `of` a model receives batches with `x0`, float32 [n, …], normalised data, and `label`,
//   int64 [n], where the data has classes. They are the rows that rows() requests, or, where the metric stands `in` a
//   stream of data, that stream. A metric of samples stands `in` a sampler and receives the sampler's batches:
//   `samples` [n, …] in data units, `label` and `frames` as the sampler has them; every other tensor that the stream
//   took from data comes in data units too. Records state their own units.
// Threads: a metric is const once it is configured, and one metric may be open several times. See sinking for the
//   threads of an open one.
// Requires: describe() declares each array of the outcome by writes(name, doc, extent), so that a writer which cannot
//   show it is refused before training. The extent is a promise:
//     extent::like_samples  [n, …], each of the shape of one sample of the data; writer.png can draw it
//     extent::per_step      [k]: one number for each of k steps t; their values are the array "t" (or "step") beside
//                           it, or 1..T where there is none; writer.figure can draw it as a curve
//     extent::axis          [k]: what the per_step arrays beside it are numbers of, in place of steps
//     extent::other         any shape; writer.hdf5 writes it
// Errors: check_data(), check_process() and check_count() throw noneq::error before training begins. What open(),
//   map(), add() and finish() throw ends the run.
#pragma once

#include "noneq/core/stop.hpp"
#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/node.hpp"
#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq {

// The surroundings of an open metric. Outlives the sinking that was opened with it. Const use is thread-safe.
struct measurement {
  const noneq::denoiser& denoiser;  // with the weights that the metric, or its sampler, chose
  const dataset_info& info;         // of the data
  noneq::stream stream;             // of random numbers; draw those of a row by its index
  row_pass pass;                    // over rows of the data, in open() and finish()
  // Records of the metrics that finished before on this occasion; complete in finish(), not in open().
  const std::vector<measured>& earlier;
  std::filesystem::path folder{};  // of the run; a metric may keep there results that take long to compute
  std::string part{};              // which part of the data the stream's rows are; "": no data, or data without parts
};

struct metric : role<"metric", node_kind::sink> {
  std::string weights = "ema";

  // Returns a sink for one stream. Called when the stream begins; the metric and m outlive the sink. Work that takes
  // seconds without a call of the denoiser or a pass calls stop_here_if_asked() now and then.
  virtual std::unique_ptr<sinking> open(const measurement& m) const = 0;
  // Returns the rows that a metric `of` a model measures where it stands in no stream. The default is none: open() and
  // finish() are all there is.
  virtual row_request rows(const dataset_info&) const { return {}; }
  // Throws noneq::error when this data cannot be measured so. Called before training begins.
  virtual void check_data(const dataset_info&) const {}
  // Returns whether the metric may be given data of which numbers are missing, as zeros beside the tensor mask.
  virtual bool takes_missing() const { return false; }
  // Throws noneq::error when the metric has no meaning for this process. Called when a pipeline is checked.
  virtual void check_process(const process&) const {}

  template <class P>
  static void common(description<P>& d) {
    d.param("weights", &P::weights, "which weights to use", one_of({"ema", "raw"}));
  }
};

// A metric of samples. It receives the samples that the sampler's writers receive, drawn once, and never all of them at
// a time; the weights are the sampler's.
struct sample_metric : metric {
  // Throws noneq::error when this number of samples is too small, or too large. Called when a pipeline is checked.
  virtual void check_count(std::int64_t /*samples*/) const {}

  template <class P>
  static void common(description<P>& d) {
    d.reads("samples", "float32 [n, …], in data units");
  }
};

// The surroundings of an open verification. Outlives the sinking that was opened with it. Const use is thread-safe.
struct comparison {
  const dataset_info& info;  // of the truth
  noneq::stream stream;      // of random numbers; draw those of a row by its index
  std::string part{};        // which part of the data the rows are; "": other data, or data without parts
};

// A metric of samples that compares each row's samples with the truth of that row. It needs no model: the samples may
// be stored forecasts.
//
// Shapes and units: batches hold `samples` [n, K, …], K members a row, or [n, …], one a row; `truth` [n, …], and, where
//   numbers of the truth were not observed, `mask` [n, …], 1 where they were and 0 elsewhere. All but `mask` are in
//   data units. check_data() receives the description of the truth.
struct verification : sample_metric {
  virtual std::unique_ptr<sinking> compare(const comparison& c) const = 0;
  // Throws noneq::error when this number of members is too small. Called when a pipeline is checked, where the number
  // is known then, and before a run begins.
  virtual void check_members(std::int64_t /*members*/) const {}

  std::unique_ptr<sinking> open(const measurement& m) const final { return compare({m.info, m.stream, m.part}); }
  bool takes_missing() const final { return true; }

  template <class P>
  static void common(description<P>& d) {
    sample_metric::common(d);
    d.reads("truth", "[n, …], in data units");
  }
};

}
