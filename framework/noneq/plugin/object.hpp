// The base of every plugin: an object with a role. A role is a struct deriving from role<"its name">, or from
// role<"its name", kind> when its plugins are nodes of a graph.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "noneq/core/tensor.hpp"

namespace noneq {

// Visits the tensors that must outlive an interruption: called with each name and tensor, to save it or to replace it.
using state_visitor = std::function<void(const std::string& name, Tensor& value)>;

struct object {
  virtual ~object() = default;
  // Throws noneq::error when parameters contradict one another or files do not exist. Called when a pipeline is
  // checked.
  virtual void check() const {}
  // Visits everything that calls change and later calls depend on, the same names each time: a run that was interrupted
  // then goes on as if it had not been. What concurrent calls change must not depend on their order, as a sum does not.
  // Called by one thread while no other uses the object. What checks before training, and samplers, metrics and writers
  // at the end of a run, change is undone.
  virtual void state(const state_visitor&) {}
};

// The kinds of node that a graph is made of (node.hpp); a part is no node, but belongs to the process or to another
// plugin.
enum class node_kind { part, source, transform, sink };

template <std::size_t N>
struct role_label {
  char text[N];
  constexpr role_label(const char (&s)[N]) { std::copy_n(s, N, text); }
};

template <role_label Name, node_kind Kind = node_kind::part>
struct role : object {
  static constexpr std::string_view role_name{Name.text};
  static constexpr node_kind kind = Kind;
};

}
