// A node that applies a trained model to the rows of a stream, made ready to run: rows in the units of the model, and
// results beside the tensors they came with. run() may be called concurrently.
#pragma once

#include "noneq/flow/observers.hpp"
#include "noneq/flow/session.hpp"
#include "noneq/plugin/roles/model_transform.hpp"

namespace noneq::flow {

// Throws noneq::error when node n cannot be applied to the rows it stands in. Opens the data of its model where it
// reads some. Requires that the data before n was opened.
void check_application(session& s, const plan_node& n);

class applying {
 public:
  // `pass` streams rows of the model's data, `folder` is that of the run. Calls of the network are reported to the
  // observer, and interrupted when a stop is requested. Throws noneq::error of n.
  applying(session& s, const plan_node& n, observer& o, row_pass pass, std::filesystem::path folder);
  applying(applying&&) = delete;

  // Returns the batch with the results of its rows. Throws noneq::error where a tensor is missing, or has another shape
  // than the model or the plugin's table prescribes.
  batch run(batch rows) const;

 private:
  batch as_model_takes(const batch& rows) const;

  const plan_node& node_;
  const dataset_info info_;       // of the model
  const dataset_info of_stream_;  // of the rows
  const std::vector<std::string> conditions_;
  const denoiser denoiser_;
  const application application_;
  std::unique_ptr<applied> applied_;
};

}
