#include "tensors.hpp"

#include <charconv>

#include <fmt/format.h>

#include "noneq/config/problems.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/safetensors.hpp"

namespace shipped::unet {
namespace {

// Attention from 0.17 on, and before.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> renamed{
    {{".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}}};

std::string old_name(std::string name) {
  for (const auto& [now, before] : renamed)
    if (const auto at = name.find(now); at != name.npos) name.replace(at, now.size(), before);
  return name;
}

bool before_renaming(const std::string& version) {
  int major = 0, minor = 0;
  const char* end = version.data() + version.size();
  const auto [dot, failed] = std::from_chars(version.data(), end, major);
  if (failed != std::errc{} || dot == end) return false;
  std::from_chars(dot + 1, end, minor);
  return major == 0 && minor < 17;
}

}

diffusers_folder open_folder(const std::filesystem::path& path) {
  diffusers_folder folder{path, read_config(path / "config.json")};
  architecture& a = folder.config.net;
  if (folder.config.middle_groups_unsaid && a.middle_attention) {
    const auto held = noneq::storage::load_safetensors(folder.tensors()).tensors;
    if (!held.contains("mid_block.attentions.0.group_norm.weight")) a.middle_groups = 0;
  }
  return folder;
}

std::vector<noneq::Tensor> load_weights(const diffusers_folder& folder, const noneq::compute::network_layers& n) {
  auto held = noneq::storage::load_safetensors(folder.tensors()).tensors;
  const noneq::place where{folder.tensors().string(), 0, 0};
  noneq::config::problems found;
  std::vector<noneq::Tensor> weights;
  for (const noneq::compute::weight_spec& w : n.weights) {
    auto it = held.find(w.name);
    if (it == held.end()) it = held.find(old_name(w.name));
    if (it == held.end()) {
      found.add(noneq::error(fmt::format("is missing; need {}", noneq::to_string(w.shape)), w.name, where));
    } else {
      if (it->second.sizes() != at::IntArrayRef(w.shape))
        found.add(noneq::error(
            fmt::format("got shape {}, need {}", noneq::to_string(it->second.sizes().vec()), noneq::to_string(w.shape)),
            it->first, where));
      weights.push_back(it->second.to(at::kFloat));
      held.erase(it);
    }
  }
  for (const auto& [name, tensor] : held)
    found.add(noneq::error("got a tensor that the network of config.json does not have", name, where));
  found.raise();
  return weights;
}

void save_folder(const std::filesystem::path& path, const architecture& a, const noneq::compute::network_layers& n,
                 std::span<const noneq::Tensor> weights, const std::string& version) {
  const noneq::compute::value_shape& data = n.values[0];
  const bool flat = n.weights[0].shape.size() == 3;
  const noneq::sizes space = flat ? noneq::sizes{data.width} : noneq::sizes{data.height, data.width};
  const nlohmann::json config = to_config(a, space, version);
  const bool old = before_renaming(version);
  noneq::storage::tensor_file file{{}, {{"format", "pt"}}};
  for (std::size_t i = 0; i < weights.size(); ++i)
    file.tensors[old ? old_name(n.weights[i].name) : n.weights[i].name] = weights[i];
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) throw noneq::error("the folder cannot be made: " + failed.message(), "", {path.string(), 0, 0});
  noneq::storage::save_safetensors(path / "diffusion_pytorch_model.safetensors", file);
  noneq::storage::write_atomically(path / "config.json", config.dump(2) + "\n");
}

}
