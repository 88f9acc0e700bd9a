// A transform that applies a model, run by itself: data held in memory, one thread, chunks of any size.
#pragma once

#include "measuring.hpp"
#include "scratch.hpp"

namespace testing {

// Returns the results for rows in the units of the model, joined. `seed` is that of measure().
inline noneq::batch apply(const std::string& yaml, const noneq::denoiser& d, noneq::source& data,
                          const std::map<std::string, Tensor>& rows, std::int64_t chunk = 1000,
                          std::uint64_t seed = 21) {
  const auto transform =
      std::dynamic_pointer_cast<noneq::model_transform>(make_instance(noneq::model_transform::role_name, yaml).made);
  transform->check_data(data.info());
  transform->check_process(d.process());
  const scratch kept;
  const noneq::application a{d, data.info(), noneq::stream(seed), pass_over(data), kept.folder()};
  const auto open = transform->open(a);
  const std::int64_t n = rows.begin()->second.size(0);
  std::map<std::string, std::vector<Tensor>> parts;
  for (std::int64_t first = 0; first < n; first += chunk) {
    noneq::batch b{first / chunk, first, {}};
    for (const auto& [name, x] : rows) b.set(name, x.slice(0, first, std::min(n, first + chunk)));
    for (const auto& [name, x] : open->run(b).tensors) parts[name].push_back(x);
  }
  noneq::batch all;
  for (const auto& [name, each] : parts) all.set(name, at::cat(each));
  return all;
}

}
