// Guides at work: the tensors of the stream that they read, and samplers that have them.
#pragma once

#include "closed_form.hpp"
#include "noneq/storage/hdf5.hpp"
#include "plugins/message.hpp"

namespace testing {

inline Tensor draw(const std::string& sampler, const noneq::denoiser& d, const noneq::sampling_request& r) {
  return make<noneq::sampler>(sampler)->sample(d, r).to(at::kDouble);
}

// Tensors of a stream, each of which begins again after its last row, and guides that read them. `matrix`, and those
// whose names begin with it, lie in a file instead.
class given {
 public:
  explicit given(std::map<std::string, Tensor> tensors) : tensors_(std::move(tensors)) {
    noneq::storage::hdf5_writer file(folder_ / "given.h5");
    for (const auto& [name, tensor] : tensors_)
      if (name.starts_with("matrix")) file.write(name, tensor);
    file.close();
  }

  std::string guide(const std::string& plugin, const std::string& more = "") const {
    const bool reads_file = plugin == "linear_observation" && !says(more, "operator");
    return "{plugin: " + plugin + (reads_file ? ", file: " + (folder_ / "given.h5").string() : "") + more + "}";
  }
  Tensor draw(const std::string& sampler, const noneq::denoiser& d, noneq::sampling_request r) const {
    r.rows = rows(r.first, r.count);
    return testing::draw(sampler, d, r);
  }
  noneq::batch rows(std::int64_t first, std::int64_t count) const {
    noneq::batch b{0, first, {}};
    for (const auto& [name, tensor] : tensors_)
      b.set(name, tensor.index_select(0, at::arange(first, first + count).remainder(tensor.size(0))));
    return b;
  }

 private:
  scratch folder_;
  std::map<std::string, Tensor> tensors_;
};

inline bool says_all(const std::string& message, const std::vector<std::string>& parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) { return says(message, part); });
}

inline noneq::process linear(const std::string& mean = "epsilon", std::int64_t steps = 1000) {
  return make_process("gaussian", "{plugin: linear, steps: " + std::to_string(steps) + "}", mean, "fixed_small");
}

inline std::string ancestral(const std::string& guides) { return "{plugin: ancestral, guides: " + guides + "}"; }

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
    return known_x0(noneq::coefficients_at(t, in.t, in.x), in.x, mean, covariance);
  });
}

}
