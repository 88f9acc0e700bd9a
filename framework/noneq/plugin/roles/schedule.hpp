// How fast data turns into noise: β for T steps.
#pragma once

#include "noneq/plugin/description.hpp"

namespace noneq {

struct schedule : role<"schedule"> {
  std::int64_t steps = 1000;

  // β_1..β_T as [T] float64 in (0, 1]; depends differentiably on learnable() when there are any.
  virtual Tensor beta() const = 0;
  // What training may change; leaves that require a gradient.
  virtual std::vector<std::pair<std::string, Tensor>> learnable() const { return {}; }

  void state(const state_visitor& visit) override {
    for (auto& [name, tensor] : learnable()) visit(name, tensor);
  }

  template <class P>
  static void common(description<P>& d) {
    d.param("steps", &P::steps, "number of diffusion steps T", at_least(2), at_most(1e6));
  }
};

}
