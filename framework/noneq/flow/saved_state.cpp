#include "noneq/flow/saved_state.hpp"

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq::flow {

state_visitor save_to(storage::checkpoint& target, const std::string& prefix) {
  return [&target, prefix](const std::string& name, Tensor& t) {
    target.tensors[prefix + "." + name] = t.detach().contiguous().clone();
  };
}

state_visitor restore_from(const storage::checkpoint& saved, const std::string& prefix) {
  return [&saved, prefix](const std::string& name, Tensor& t) {
    const std::string full = prefix + "." + name;
    const auto it = saved.tensors.find(full);
    if (it == saved.tensors.end())
      throw error(
          fmt::format("the checkpoint has no tensor '{}'; the pipeline must be the one it was trained with", full));
    const bool grows = !t.defined() || t.numel() == 0;  // a history that starts empty
    if (!grows && t.sizes() != it->second.sizes())
      throw error(
          fmt::format("the checkpoint's tensor '{}' is {}, need {}; the pipeline must be the one it was trained with",
                      full, to_string(it->second.sizes().vec()), to_string(t.sizes().vec())));
    at::NoGradGuard guard;
    if (grows)
      t = it->second.clone();
    else
      t.copy_(it->second);
  };
}

}
