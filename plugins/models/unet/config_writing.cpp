#include <cmath>

#include <fmt/format.h>

#include "config.hpp"
#include "noneq/core/error.hpp"

namespace shipped::unet {
namespace {

std::string block_name(bool attention, bool residual, const char* way, const char* sample) {
  if (attention) return fmt::format("Attn{}Block2D", way);
  return residual ? fmt::format("Resnet{}Block2D", sample) : fmt::format("{}Block2D", way);
}

// attention_head_dim: one number for all levels, or null for one head.
nlohmann::json head_channels(const architecture& a) {
  if (a.head_channels > 0) return a.head_channels;
  if (a.heads == 1) return nullptr;
  std::int64_t width = 0;
  const auto add = [&](std::int64_t channels) {
    if (width > 0 && width != channels / a.heads)
      throw noneq::error(fmt::format("got {} heads of {} and of {} channels, need heads of one width for diffusers",
                                     a.heads, width, channels / a.heads));
    width = channels / a.heads;
  };
  for (const level& l : a.levels)
    if (l.down_attention || l.up_attention) add(l.channels);
  if (a.middle_attention) add(a.levels.back().channels);
  return width > 0 ? nlohmann::json(width) : nlohmann::json(nullptr);
}

// Whether blocks with attention resample in residual blocks, which UNet2DModel states once for all of them.
nlohmann::json resample_type(const architecture& a, bool level::*attention, bool level::*residual) {
  bool conv = false, resnet = false;
  for (const level& l : a.levels)
    if (l.*attention) (l.*residual ? resnet : conv) = true;
  if (conv && resnet)
    throw noneq::error("got blocks with attention that resample in two ways, need one way for diffusers");
  return resnet ? "resnet" : "conv";
}

void need_even_halves(const architecture& a, const noneq::sizes& space) {
  const std::int64_t unit = std::int64_t{1} << (a.levels.size() - 1);
  for (const std::int64_t n : space)
    if (space.size() != 2 || n % unit != 0)
      throw noneq::error(fmt::format("got samples of size {}, need [height, width] in multiples of {} for diffusers",
                                     noneq::to_string(space), unit));
}

}

nlohmann::json to_config(const architecture& a, const noneq::sizes& space, const std::string& version) {
  need_even_halves(a, space);
  for (const noneq::compute::padding p : a.padding)
    if (p != noneq::compute::padding::zeros)
      throw noneq::error("got circular or reflect, need zeros for diffusers, which has no other padding", "padding");
  if (a.vector_size > 0)
    throw noneq::error(
        fmt::format("got a network that reads {} numbers beside each sample, vector_embedding, need one "
                    "without for diffusers",
                    a.vector_size));
  if (a.time_scale != 1)
    throw noneq::error(fmt::format(
        "got sinusoids of {}·t, need those of t for diffusers: time_range: 0, or T = 1000 steps", a.time_scale));
  if (a.frequency_shift != std::floor(a.frequency_shift))
    throw noneq::error(fmt::format("got {}, need a whole number for diffusers", a.frequency_shift), "frequency_shift");
  std::vector<std::string> down, up;
  noneq::sizes channels;
  for (const level& l : a.levels) {
    channels.push_back(l.channels);
    down.push_back(block_name(l.down_attention, l.down_residual, "Down", "Downsample"));
    up.insert(up.begin(), block_name(l.up_attention, l.up_residual, "Up", "Upsample"));
  }
  nlohmann::json c{{"_class_name", "UNet2DModel"}, {"_diffusers_version", version}};
  c["sample_size"] = space[0] == space[1] ? nlohmann::json(space[0]) : nlohmann::json(space);
  c["in_channels"] = a.in_channels;
  c["out_channels"] = a.out_channels;
  c["center_input_sample"] = a.centre_input;
  c["time_embedding_type"] = a.learned_times > 0 ? "learned" : "positional";
  c["num_train_timesteps"] = a.learned_times > 0 ? nlohmann::json(a.learned_times) : nlohmann::json(nullptr);
  c["freq_shift"] = static_cast<std::int64_t>(a.frequency_shift);
  c["flip_sin_to_cos"] = a.cosine_first;
  c["down_block_types"] = down;
  c["up_block_types"] = up;
  c["block_out_channels"] = channels;
  c["layers_per_block"] = a.blocks;
  c["mid_block_scale_factor"] = a.middle_scale;
  c["downsample_padding"] = a.downsample_padding;
  c["downsample_type"] = resample_type(a, &level::down_attention, &level::down_residual);
  c["upsample_type"] = resample_type(a, &level::up_attention, &level::up_residual);
  c["dropout"] = a.dropout;
  for (const auto& [name, function] : activation_names)
    if (function == a.act) c["act_fn"] = name == "swish" ? "silu" : name;
  c["attention_head_dim"] = head_channels(a);
  c["norm_num_groups"] = a.groups;
  const bool said = a.scale_shift ? a.middle_groups > 0 : a.middle_groups != a.groups;
  c["attn_norm_num_groups"] = said ? nlohmann::json(a.middle_groups) : nlohmann::json(nullptr);
  c["norm_eps"] = a.eps;
  c["resnet_time_scale_shift"] = a.scale_shift ? "scale_shift" : "default";
  c["add_attention"] = a.middle_attention;
  c["class_embed_type"] = a.class_sinusoids ? nlohmann::json("timestep") : nlohmann::json(nullptr);
  c["num_class_embeds"] = a.class_rows > 0 ? nlohmann::json(a.class_rows) : nlohmann::json(nullptr);
  return c;
}

}
