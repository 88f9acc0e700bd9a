// Visits a plugin and the plugins within it. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "noneq/plugin/description.hpp"
#include "noneq/plugin/part.hpp"

namespace noneq::flow {

// Calls use(plugin, subject) for the plugin and for every plugin within it, whose subject is "noiser.time" or, in a
// list of several, "sampler.guides[0]".
template <class Use>
void each_part(const instance& i, const std::string& subject, const Use& use) {
  if (i.entry == nullptr || i.made == nullptr) return;
  use(i, subject);
  for (const parameter& of : i.entry->parameters) {
    if (!of.visit_parts) continue;
    std::vector<instance> parts;
    of.visit_parts(*i.made, [&](const instance& part) { parts.push_back(part); });
    for (std::size_t k = 0; k < parts.size(); ++k)
      each_part(parts[k], subject + "." + of.name + (parts.size() > 1 ? "[" + std::to_string(k) + "]" : ""), use);
  }
}

// Returns whether the plugin, or one within it, has tensors that must outlive an interruption.
inline bool has_state(const instance& whole) {
  bool any = false;
  each_part(whole, "", [&](const instance& i, const std::string&) {
    i.made->state([&](const std::string&, Tensor&) { any = true; });
  });
  return any;
}

}
