// A model that can describe how its networks would be computed on this machine, or a network that can describe how it
// is. It may derive from this beside `noneq::model` or `noneq::network`; it is found by dynamic_cast.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace noneq {

struct [[gnu::visibility("default")]] computes_here {
  virtual ~computes_here() = default;
  struct answer {
    std::vector<std::pair<std::string, std::string>> facts;  // name and value, for people
    std::vector<std::string> slow;  // sentences about what makes it slower than it could be, with the reason
  };
  // A model answers for the network with its parameters, on data that it is made for.
  virtual answer here() const = 0;
};

}
