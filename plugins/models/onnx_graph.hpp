// A network as a graph of ONNX operators, made from its layers. Pure.
#pragma once

#include <span>

#include "noneq/compute/script.hpp"
#include "noneq/storage/onnx.hpp"

namespace shipped {

// Returns the graph of
//   output float32 [batch, …] = network(x float32 [batch, …], t int64 [batch] of 0 … steps − 1,
//                                       label int64 [batch] with classes, vector float32 [batch, n] where it reads one)
// with the weights in the order of n.weights. Sinusoids are tables of all steps and labels, computed in float64 as
// everywhere, because an angle in float32 would be wrong in the fifth digit. Dropout is left out.
noneq::storage::onnx::graph onnx_graph(const noneq::compute::network_layers& n, std::span<const noneq::Tensor> weights,
                                       const noneq::compute::script_frame& f, std::int64_t steps, std::int64_t labels);

}
