// Who writes and reads which value of a network, and what follows from it for a plan. Values; thread-safe when const.
#pragma once

#include "noneq/compute/layers.hpp"

namespace noneq {

// Whether a layer reads no neighbours and no groups of channels, so that its main input may be a vector.
bool works_on_vectors(const layer& l);

struct flow_of_values {
  explicit flow_of_values(const network_layers& n);

  std::vector<int> writer;                // by value: number of the layer, none for x
  std::vector<std::vector<int>> readers;  // by value: numbers of layers, ascending
  std::vector<bool> vector;               // by value: float32 [batch, channels] without pixels: made of t and labels,
                                          // and x and what is made of it where all layers work on vectors
  std::vector<bool> trained;              // by value: depends on a weight
  // By layer: the sum x + vector that is not made, because the one norm that reads it takes both; none elsewhere.
  // A norm names the add layer, the add layer names itself.
  std::vector<int> fused;

  const add_layer* fused_into(const network_layers& n, int norm) const;
};

}
