// The state of a plugin or a source, as a run that is interrupted saves and restores it. Pure.
#pragma once

#include <map>
#include <string>

#include "noneq/laws/detail/compare.hpp"

namespace noneq::laws {

using saved_state = std::map<std::string, Tensor>;

// Returns copies of all visited tensors. Throws noneq::error when a name is visited twice.
template <class Stateful>
saved_state state_of(Stateful& from) {
  saved_state all;
  from.state([&](const std::string& name, Tensor& t) {
    const Tensor copy = t.defined() ? t.detach().clone() : Tensor{};
    need(all.emplace(name, copy).second, "state()", "the name '" + name + "' twice", "each once");
  });
  return all;
}

// Puts the saved tensors in the place of those visited. Throws noneq::error when one was not saved.
template <class Stateful>
void restore(Stateful& to, const saved_state& saved) {
  to.state([&](const std::string& name, Tensor& t) {
    need(saved.count(name) == 1, "state()", "the name '" + name + "' in one of two equal objects", "it in both");
    t = saved.at(name).defined() ? saved.at(name).clone() : Tensor{};
  });
}

}
