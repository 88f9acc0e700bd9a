// Guides at work: files of what they are given, and samplers that have them.
#pragma once

#include "closed_form.hpp"
#include "noneq/storage/hdf5.hpp"
#include "plugins/message.hpp"

namespace testing {

// A file of datasets, and guides that read it.
struct given {
  scratch folder;
  explicit given(const std::map<std::string, Tensor>& datasets) {
    noneq::hdf5_writer file(folder / "given.h5");
    for (const auto& [dataset, tensor] : datasets) file.write(dataset, tensor);
    file.close();
  }
  std::string guide(const std::string& plugin, const std::string& more = "") const {
    return "{plugin: " + plugin + ", file: " + (folder / "given.h5").string() + more + "}";
  }
};

inline bool says_all(const std::string& message, const std::vector<std::string>& parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) { return says(message, part); });
}

inline noneq::process linear(const std::string& mean = "epsilon", std::int64_t steps = 1000) {
  return noneq::make_process("gaussian", "{plugin: linear, steps: " + std::to_string(steps) + "}", mean, "fixed_small");
}

inline std::string ancestral(const std::string& guides) { return "{plugin: ancestral, guides: " + guides + "}"; }

inline Tensor draw(const std::string& sampler, const noneq::denoiser& d, const noneq::sampling_request& r) {
  return noneq::make<noneq::sampler>(sampler)->sample(d, r).to(at::kDouble);
}

// x̂⁰ of data N(mean [d], covariance [d, d]).
inline Tensor known_x0(const noneq::coefficients& c, const Tensor& x, const Tensor& mean, const Tensor& covariance) {
  const Tensor a = c.alpha_bar.flatten()[0].to(at::kDouble);
  const Tensor of_x = a * covariance + (1 - a) * at::eye(covariance.size(0), at::kDouble);
  const Tensor gain = at::linalg_solve(of_x, a.sqrt() * covariance).to(x.scalar_type());
  const Tensor m = mean.to(x.scalar_type());
  return m + at::matmul(x - c.sqrt_alpha_bar * m, gain);
}

// Says x̂⁰ exactly for such data.
inline noneq::denoiser correlated(noneq::process p, const Tensor& mean, const Tensor& covariance) {
  const noneq::tables t = p.tables;
  return make_denoiser(std::move(p), [=](const noneq::network_input& in) {
    return known_x0(noneq::at(t, in.t, in.x), in.x, mean, covariance);
  });
}

}
