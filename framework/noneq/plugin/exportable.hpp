// A network that other programs can run. A network may derive from this beside `noneq::network`; it is found by
// dynamic_cast. Const and thread-safe.
#pragma once

#include <filesystem>
#include <string>

namespace noneq {

struct [[gnu::visibility("default")]] exportable {
  virtual ~exportable() = default;
  // Writes the folder of a diffusers model: config.json and diffusion_pytorch_model.safetensors. `version` is a version
  // of diffusers; "" means the one the network came from, or the newest known. Throws noneq::error naming what it
  // lacks.
  virtual void export_diffusers(const std::filesystem::path& folder, const std::string& version) const = 0;
  // Writes a TorchScript file: forward(x, t), or forward(x, t, label) with classes. Throws noneq::error.
  virtual void export_torchscript(const std::filesystem::path& file) const = 0;
  // Writes an ONNX file with inputs x, t, and label with classes. Throws noneq::error.
  virtual void export_onnx(const std::filesystem::path& file) const = 0;
};

}
