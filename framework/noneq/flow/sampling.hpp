// A sampler node made ready to draw: the guided model, the conditions of its samples, and what shall be known of them
// later. draw() may be called concurrently.
#pragma once

#include <mutex>

#include "noneq/flow/observers.hpp"
#include "noneq/flow/session.hpp"

namespace noneq {

// Returns the denoiser with its calls shown to the observer as those of n, and ended when the program is to stop. Both
// outlive it.
denoiser watched(const denoiser& d, const plan_node& n, observer& o);

class sampling {
 public:
  // Throws noneq::error when the model or its data cannot give what the sampler's parameters ask for. Calls of the
  // network are shown to the observer, and end when the program is to stop.
  sampling(session& s, const plan_node& n, observer& o);

  // Throws noneq::error when the sampler cannot draw the first of its samples.
  void check() const;
  // The same for samples of these rows of the stream that it stands in.
  void check(const batch& rows) const;

  const noneq::denoiser& denoiser() const { return denoiser_; }
  const noneq::stream& stream() const { return stream_; }
  const dataset_info& info() const { return model_.info(); }

  // The chunks of a sampler without input: their number, and the empty batch that chunk k begins with.
  std::int64_t chunks() const;
  batch chunk(std::int64_t k) const;
  // Samples of a chunk, or one for each row of `given`, whatever else is drawn: samples, frames and label, in data
  // units.
  batch draw(const batch& given);

  // The times t at which the sampler keeps frames: T … 0 in equal strides; none without frames.
  std::vector<std::int64_t> frame_times() const;
  // Attributes for files of samples.
  std::map<std::string, std::string> provenance() const;
  // A remark when samples that were drawn miss what guides are certain of.
  void report_missed() const;

 private:
  sampling_request request(std::int64_t first, std::int64_t count, const batch& given) const;
  batch in_data_units(batch rows) const;
  Tensor label(std::int64_t first, std::int64_t count) const;

  const session& session_;
  const session& model_;
  const plan_node& node_;
  const sampler& sampler_;
  observer& observer_;
  noneq::denoiser denoiser_;
  noneq::stream stream_;
  std::mutex missing_;
  std::map<std::int64_t, Tensor> missed_;  // by the first sample, where guides are certain of something
};

}
