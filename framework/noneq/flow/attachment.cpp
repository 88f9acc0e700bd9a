#include "noneq/flow/attachment.hpp"

#include <algorithm>

namespace noneq::flow {

std::optional<attachment> attachment_of(const plugin_entry& e) {
  const auto reads = [&](const char* name) {
    return std::any_of(e.reads.begin(), e.reads.end(), [&](const named_tensor_doc& t) { return t.name == name; });
  };
  const bool sampler = e.role == "sampler", of_model = sampler || (e.role == "transform" && e.takes_model) ||
                                                       (e.role == "metric" && !reads("samples"));
  switch (e.kind) {
    case node_kind::source:
      return attachment{};
    case node_kind::transform:
      return attachment{true, !sampler, of_model, of_model, of_model};
    case node_kind::sink:
      return attachment{true, !of_model, of_model, e.role != "trainer" && !reads("samples"), e.role != "trainer"};
    case node_kind::part:
      break;
  }
  return std::nullopt;
}

}
