// Which layers write and read each value of a network, and the consequences for a plan. Values; thread-safe when const.
#pragma once

#include "noneq/compute/layers.hpp"

namespace noneq::compute {

// Whether a layer reads no neighbours and no groups of channels, so that its main input may be a vector.
bool works_on_vectors(const layer& l);

struct flow_of_values {
  explicit flow_of_values(const network_layers& n);

  std::vector<int> writer;                // by value: number of the layer, none for x
  std::vector<std::vector<int>> readers;  // by value: numbers of layers, ascending
  std::vector<bool> vector;               // by value: float32 [batch, channels] without pixels: made of t and labels,
                                          // and x and values made of it where all layers work on vectors
  std::vector<bool> trained;              // by value: depends on a weight
  // By layer: the sum x + vector that is not made, because the one norm that reads it takes both; none elsewhere. The
  // entry of a norm is the add layer, and that of the add layer is itself.
  std::vector<int> fused;

  const add_layer* fused_into(const network_layers& n, int norm) const;
};

}
