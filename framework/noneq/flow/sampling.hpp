// A sampler node made ready to draw: the guided model, the classes and noise of its samples, and what shall be known of
// them later. Const and thread-safe.
#pragma once

#include "noneq/flow/given_noise.hpp"
#include "noneq/flow/session.hpp"

namespace noneq {

class sampling {
 public:
  // Throws noneq::error when the model or its data cannot give what the sampler's parameters ask for.
  sampling(const session& s, const plan_node& n);

  // Throws noneq::error when the sampler cannot draw the first of its samples.
  void check() const;

  const noneq::denoiser& denoiser() const { return denoiser_; }
  const noneq::stream& stream() const { return stream_; }

  // Samples first … first+count−1, whatever else is drawn.
  sampling_request request(std::int64_t first, std::int64_t count) const;

  // The times t at which the sampler keeps frames: T … 0 in equal strides; none without frames.
  std::vector<std::int64_t> frame_times() const;

  // Attributes for files of samples.
  std::map<std::string, std::string> provenance() const;

 private:
  Tensor label(std::int64_t first, std::int64_t count) const;

  const session& session_;
  const plan_node& node_;
  const sampler& sampler_;
  noneq::denoiser denoiser_;
  noneq::stream stream_;
  std::optional<given_noise> noise_;
};

}
