#include "noneq/flow/how_computed.hpp"

#include <fmt/format.h>

#include "noneq/flow/session.hpp"
#include "noneq/plugin/computes_here.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

std::string how_computed(const session& s) {
  std::string text;
  if (const auto* here = dynamic_cast<const computes_here*>(&s.network()))
    for (const auto& [name, value] : here->here().facts)
      if (name == "execution" || name == "precision")
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  return text;
}

}
