// Parameters under the names of a state dictionary: torch::nn forbids dots in a name, so "a.b.weight" becomes the
// parameter "weight" of the module "b" in the module "a".
#pragma once

#include <string>

#include <torch/nn/module.h>

#include "noneq/core/tensor.hpp"

namespace shipped {

inline void register_dotted(torch::nn::Module& in, const std::string& name, const noneq::Tensor& value) {
  struct folder : torch::nn::Module {};
  const auto dot = name.find('.');
  if (dot == name.npos) {
    in.register_parameter(name, value);
    return;
  }
  const std::string head = name.substr(0, dot);
  const auto children = in.named_children();
  const auto child = children.contains(head) ? children[head] : in.register_module(head, std::make_shared<folder>());
  register_dotted(*child, name.substr(dot + 1), value);
}

}
