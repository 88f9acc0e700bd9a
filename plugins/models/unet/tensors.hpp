// The tensors of a diffusers folder: config.json and diffusion_pytorch_model.safetensors. Pure functions of the
// folder's content.
#pragma once

#include "config.hpp"

namespace shipped::unet {

struct diffusers_folder {
  std::filesystem::path path;
  diffusers_config config;

  std::filesystem::path tensors() const { return path / "diffusion_pytorch_model.safetensors"; }
};

// Returns the config, completed from the tensors. Throws input_error naming every key that is not honoured.
diffusers_folder open_folder(const std::filesystem::path& path);

// Returns a weight for each of n.weights, float32. Throws input_error naming every tensor that is missing, misshapen or
// extra.
std::vector<noneq::Tensor> load_weights(const diffusers_folder& folder, const noneq::compute::network_layers& n);

// Writes such a folder as diffusers of `version` would. Throws noneq::error for features that UNet2DModel lacks and for
// files that cannot be written.
void save_folder(const std::filesystem::path& path, const architecture& a, const noneq::compute::network_layers& n,
                 std::span<const noneq::Tensor> weights, const std::string& version);

}
