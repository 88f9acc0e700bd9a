// A node that applies a trained model to each row of a stream of data: latents, likelihoods, predictions, features. It
// is named transform, like the nodes of a branch, but it takes a model (`of:`) and changes no tensor of its rows.
//
// Shapes and units: run() receives `x0`, float32 [n, …], and the conditions of the model, in the units of the model;
//   `label`, int64 [n], where the model knows classes; and all other tensors as the stream has them. It returns tensors
//   of n rows, which describe() declares by writes() with the units that they have. The framework adds them to those of
//   the batch, which go on as they came. A name that the rows have already is refused.
// Threads: const once it is configured. open() is called by one thread, run() concurrently and in any order, without
//   gradients.
// Requires: describe() declares by reads() the tensors that run() needs, x0 among them or not; one that is declared
// with
//   extent::like_samples has the shape of a sample when it arrives. The result of a row depends on that row and its
//   index alone: random numbers of row k of a batch are those of row batch::first + k of the stream.
// Errors: check_data() and check_process() throw noneq::error before anything runs. An exception of open() or run()
// ends
//   the run.
#pragma once

#include <filesystem>
#include <memory>

#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/node.hpp"
#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq {

// The surroundings of an open model_transform. Outlives what was opened with it. Const use is thread-safe.
struct application {
  const noneq::denoiser& denoiser;  // with the weights that the node chose; its calls are counted and can be stopped
  const dataset_info& info;         // of the data that the model was trained on
  noneq::stream stream;             // of random numbers
  row_pass pass;                    // over rows of that data, in open(); requires needs_data()
  std::filesystem::path folder{};   // of the run; results that take long to compute may be kept there
};

// A model_transform while a stream runs through it.
struct applied {
  virtual ~applied() = default;
  virtual batch run(const batch& rows) const = 0;
};

struct model_transform : role<"transform", node_kind::transform> {
  std::string weights = "ema";

  // Called when the stream begins; the plugin and a outlive the result.
  virtual std::unique_ptr<applied> open(const application& a) const = 0;
  // Returns whether open() reads rows of the data that the model was trained on, which is then opened.
  virtual bool needs_data() const { return false; }
  // Throws noneq::error when the node cannot be applied to a model of this data.
  virtual void check_data(const dataset_info&) const {}
  // Throws noneq::error when it has no meaning for this process.
  virtual void check_process(const process&) const {}
  // Returns whether numbers of x0 may be missing, as zeros beside the tensor mask, where the model was trained so.
  virtual bool takes_missing() const { return false; }

  template <class P>
  static void common(description<P>& d) {
    d.takes_model().param("weights", &P::weights, "which weights to use", one_of({"ema", "raw"}));
  }
};

}
