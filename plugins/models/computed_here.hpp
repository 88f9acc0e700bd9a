// How a network that is described by layers is computed on this machine, in the words of noneq::computes_here.
#pragma once

#include "noneq/compute/machine.hpp"
#include "noneq/plugin/computes_here.hpp"

namespace shipped {

// Throws as execution_choice::check_execution() does.
inline noneq::computes_here::answer computed_here(const noneq::compute::network_layers& net,
                                                  const noneq::compute::execution_choice& how) {
  const noneq::compute::outlook o = noneq::compute::outlook_of(net, how);
  return {o.facts, o.slow};
}

}
