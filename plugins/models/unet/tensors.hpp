// The tensors of a diffusers folder: config.json and diffusion_pytorch_model.safetensors.
// Pure functions of what the folder holds.
#pragma once

#include "config.hpp"

namespace noneq::unet {

struct diffusers_folder {
  std::filesystem::path path;
  diffusers_config config;

  std::filesystem::path tensors() const { return path / "diffusion_pytorch_model.safetensors"; }
};

// The config, with what only the tensors can tell. Throws input_error naming all that is not honoured.
diffusers_folder open_folder(const std::filesystem::path& path);

// A weight for each of n.weights, float32. Throws input_error naming every tensor that is missing, misshapen or extra.
std::vector<Tensor> load_weights(const diffusers_folder& folder, const network_layers& n);

// Writes such a folder as diffusers of `version` would. Throws noneq::error for what UNet2DModel lacks, files that
// cannot be written.
void save_folder(const std::filesystem::path& path, const architecture& a, const network_layers& n,
                 std::span<const Tensor> weights, const std::string& version);

}
