// UNet2DModel's config.json, read and written: diffusers up to 0.30. Each key is honoured, or refused by name. Pure
// functions.
#pragma once

#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include "architecture.hpp"

namespace shipped::unet {

inline const std::map<std::string, noneq::compute::activation> activation_names{
    {"silu", noneq::compute::activation::silu},
    {"swish", noneq::compute::activation::silu},
    {"gelu", noneq::compute::activation::gelu},
    {"relu", noneq::compute::activation::relu}};

struct diffusers_config {
  architecture net;
  std::string version;  // of the diffusers that wrote it
  // The file does not determine whether the middle's attention has a normalisation: versions below 0.17 have one where
  // later ones, with scale and shift and attn_norm_num_groups null, have none. Its tensors decide.
  bool middle_groups_unsaid = false;
};

// Throws input_error with everything in `file` that is not honoured.
diffusers_config read_config(const std::filesystem::path& file);

// Returns the config of a network for data of `space` ([height, width]). Throws noneq::error for features that
// UNet2DModel lacks.
nlohmann::json to_config(const architecture& a, const noneq::sizes& space, const std::string& version);

}
