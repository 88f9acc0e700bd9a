// Plugins as a pipeline would make them: from YAML text, through the registry of this build.
#pragma once

#include <cstdlib>

#include "doctest.hpp"
#include "noneq/config/parse.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/registry.hpp"

namespace testing {

inline noneq::registry& built_plugins() {
  static noneq::registry r({std::filesystem::path(std::getenv("NONEQ_BUILD")) / "plugins"});
  return r;
}

// "cosine" or "{plugin: cosine, steps: 40}". Throws input_error with everything wrong.
inline noneq::instance make_instance(std::string_view role, const std::string& yaml) {
  noneq::config::problems found;
  const noneq::instance i =
      noneq::instantiate(role, noneq::config::parse_text(yaml, "test.yaml"), {built_plugins(), found, "test"});
  found.raise();
  return i;
}
template <class Role>
std::shared_ptr<Role> make(const std::string& yaml) {
  return std::static_pointer_cast<Role>(make_instance(Role::role_name, yaml).made);
}

// variance "" for kernels that have none.
inline noneq::process make_process(const std::string& kernel_yaml, const std::string& schedule_yaml,
                                   const std::string& mean_yaml, const std::string& variance_yaml = "") {
  noneq::process p;
  p.kernel = make<noneq::kernel>(kernel_yaml);
  p.schedule = make<noneq::schedule>(schedule_yaml);
  p.mean = make<noneq::mean>(mean_yaml);
  if (!variance_yaml.empty()) p.variance = make<noneq::variance>(variance_yaml);
  return p.refreshed();
}

inline const std::vector<std::string> gaussian_means{"mean",  "epsilon",      "x0",    "v",
                                                     "score", "perturbation", "decay", "velocity"};

inline double largest(const noneq::Tensor& x) { return x.abs().max().item<double>(); }

// Whether the mean of samples [N] is `expected`, give or take four standard errors.
inline bool mean_is(const noneq::Tensor& samples, double expected) {
  const noneq::Tensor x = samples.detach().to(at::kDouble).flatten();
  const double error = x.std().item<double>() / std::sqrt(static_cast<double>(x.numel()));
  return std::abs(x.mean().item<double>() - expected) <= 4 * error + 1e-12;
}

}
