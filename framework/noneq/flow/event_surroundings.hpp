// The surroundings of the streams of an event, and all that sinks and the nodes that apply a model receive from them:
// weights, a pass over rows, descriptions for files. Used by one thread; streams run on the pool.
#pragma once

#include "noneq/core/ranks.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/session.hpp"
#include "noneq/flow/workers.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq::flow {

// The rules of a pass without a trainer.
struct pass_rules {
  bool units = false;               // whether writers make their files in units
  std::string not_finite = "stop";  // samples that are not finite: stop, keep, or retry with other noise
  std::map<std::string, std::string> provenance = {};  // for the files of writers
};

// The surroundings of all streams of an event; outlives them.
struct event_surroundings {
  session& opened;
  workers& pool;
  const std::filesystem::path& folder;
  observer& listens;
  const event& at;
  std::vector<measured>& earlier;
  const pass_rules& rules;
  const ranks& together = alone();  // that divide the batches of the stream; the first alone finishes its sinks
};

// Returns the weights that a node takes of its model: "ema" or "raw".
const std::string& weights_of(const plan_node& n);

// Returns a pass over rows of the data of a model, as a stream of its own. The data is opened when it is first needed.
row_pass pass_over(const event_surroundings& around, const plan_node& n, session& model);

// Return the surroundings of a writer, with a denoiser that outlives them or null, and the writer opened with them.
writing writing_for(const event_surroundings& around, const plan_node& n, const denoiser* d);
std::unique_ptr<sinking> opened_sink(const event_surroundings& around, const plan_node& n, const writing& w);

// Passes a sink's outcome to the observer, and its arrays to the sinks behind it.
void pass_on(const event_surroundings& around, const plan_node& n, const outcome& found,
             const std::map<std::string, std::string>& provenance);

// Passes a sink its only batch: the arrays of another sink, or a batch of the training.
void give_once(const event_surroundings& around, const plan_node& sink, const batch& b,
               const std::map<std::string, std::string>& provenance);

}
