// A sampler node made ready to draw: the guided model, the conditions of its samples, and their description for files.
// draw() may be called concurrently.
#pragma once

#include <mutex>

#include "noneq/core/ranks.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/session.hpp"

namespace noneq::flow {

// Returns the denoiser with its calls reported to the observer as those of n, and interrupted when a stop is requested.
// Both outlive it.
denoiser watched(const denoiser& d, const plan_node& n, observer& o);

// Samples that miss what guides are certain of, of all that were drawn with such guides, and by how much.
struct missed_samples {
  std::int64_t missed = 0, all = 0;
  double farthest = 0;

  void add(const missed_samples& more) {
    missed += more.missed, all += more.all;
    farthest = std::max(farthest, more.farthest);
  }
};

class sampling {
 public:
  // Throws noneq::error when the model or its data lacks something that the sampler's parameters need. Calls of the
  // network are reported to the observer, and interrupted when a stop is requested.
  sampling(session& s, const plan_node& n, observer& o);

  // Throws noneq::error when the sampler cannot draw the first of its samples.
  void check() const;
  // Throws noneq::error when the sampler cannot draw samples for these rows of the stream that it stands in.
  void check(const batch& rows) const;

  const noneq::denoiser& denoiser() const { return denoiser_; }
  const noneq::stream& stream() const { return stream_; }
  const dataset_info& info() const { return model_.info(); }

  // Return the number of chunks of a sampler without input, and the empty batch that chunk k begins with.
  std::int64_t chunks() const;
  batch chunk(std::int64_t k) const;
  // Returns the samples of a chunk, or those for each row of `given`, one or an ensemble: samples, frames and label, in
  // data units. They do not depend on other calls. `again`: with other noise.
  batch draw(const batch& given, bool again = false);

  // Returns the times t at which the sampler keeps frames: T … 0 in equal strides; none without frames.
  std::vector<std::int64_t> frame_times() const;
  // Returns attributes for files of samples.
  std::map<std::string, std::string> provenance() const;
  // Passes a remark to the observer when drawn samples miss values that guides prescribe.
  void report_missed() const;
  // Adds the samples that other ranks drew to those of the first. Collective.
  void add_missed(const ranks& r);
  // Forgets which samples did, so that a sampling that draws for ever keeps nothing of them.
  void forget_missed();

 private:
  // Returns what all members of an ensemble have in common; start_from() sets the state that one starts from.
  sampling_request request(std::int64_t first, std::int64_t count, const batch& given) const;
  noneq::stream stream_of(std::int64_t member, bool again) const;
  void start_from(sampling_request& r, const batch& given) const;
  std::int64_t index_of(std::int64_t t) const;
  batch member(const batch& given, sampling_request r, std::int64_t k, bool again);
  Tensor label(std::int64_t first, std::int64_t count) const;
  missed_samples missed() const;

  const session& session_;
  const session& model_;
  const plan_node& node_;
  const sampler& sampler_;
  observer& observer_;
  noneq::denoiser denoiser_;
  noneq::stream stream_;
  std::mutex missing_;
  // By the first sample and the member, where guides are certain of something.
  std::map<std::pair<std::int64_t, std::int64_t>, Tensor> missed_;
  missed_samples elsewhere_;  // on other ranks
};

}
