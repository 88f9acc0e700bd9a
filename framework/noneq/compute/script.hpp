// A network as a TorchScript module, which PyTorch runs without this program. Made from the layers, not traced: it
// takes any number of samples. Pure functions.
#pragma once

#include <filesystem>
#include <span>

#include "noneq/compute/layers.hpp"

namespace noneq::compute {

struct script_frame {
  sizes output_shape;                       // of one sample
  bool with_label = false;                  // forward(x, t, label) instead of forward(x, t)
  double input_scale = 1, input_shift = 0;  // the layers see scale·x + shift
};

// Returns the text of forward(), whose last argument is the vector where the network reads one. Weights are attributes
// named as in the list, with '_' for '.'. Dropout is left out.
std::string script_text(const network_layers& n, const script_frame& f);

// Replaces `file`. Weights in the order of n.weights. Throws noneq::error when it cannot be written.
void save_torchscript(const std::filesystem::path& file, const network_layers& n, std::span<const Tensor> weights,
                      const script_frame& f);

}
