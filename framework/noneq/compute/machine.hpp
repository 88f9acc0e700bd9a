// How a network would be computed on this machine, in words. Pure but for the CPU and the environment.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "noneq/compute/execution.hpp"

namespace noneq::compute {

struct outlook {
  std::vector<std::pair<std::string, std::string>> facts;  // oneDNN, instruction set, execution, precision, kernels
  std::vector<std::string> slow;                           // what makes it slower than it could be, and why
};

// Throws as execution_choice::check_execution() does.
outlook outlook_of(const network_layers& net, const execution_choice& how);

}
