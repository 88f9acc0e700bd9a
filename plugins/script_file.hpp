// TorchScript modules of others, read from a file; script_file is one that is called and not trained. Const use is
// thread-safe.
#pragma once

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>

#include "noneq/plugin.hpp"
#include "noneq/storage/script_archive.hpp"

namespace shipped {

// Returns the module in evaluation mode. Throws noneq::error when torch.jit.save did not write the file, or its bytes
// are others now.
inline torch::jit::Module load_script(const std::filesystem::path& file) {
  noneq::storage::need_script_archive(file);
  try {
    auto module = torch::jit::load(file.string(), at::Device(at::kCPU));
    module.eval();
    return module;
  } catch (const std::exception&) {
    throw noneq::error(file.string() +
                       ": got something else than a TorchScript module, need what torch.jit.save writes");
  }
}

class script_file {
 public:
  // Throws as load_script() does.
  explicit script_file(const std::filesystem::path& file) : name_(file.string()), module_(load_script(file)) {}

  // Returns the number of arguments of forward().
  std::size_t arguments() const { return module_.get_method("forward").function().getSchema().arguments().size() - 1; }

  // Returns the result of forward(). Throws noneq::error when it fails.
  torch::jit::IValue forward(std::vector<torch::jit::IValue> inputs) const {
    const noneq::sizes shape = inputs.front().toTensor().sizes().vec();
    torch::jit::Module called = module_;  // a handle; forward() is not const
    // Optimised code replaces the plain one after some calls, and rounds differently.
    torch::jit::setGraphExecutorOptimize(false);
    try {
      return called.forward(std::move(inputs));
    } catch (const std::exception& e) {
      throw wrong("the network failed on " + noneq::to_string(shape) + ": " + noneq::first_line(e.what()));
    }
  }

  noneq::error wrong(const std::string& text) const { return noneq::error(name_ + ": " + text); }
  // Returns the kind of a result for messages: "[3, 10]", or the name of a type that is no tensor.
  static std::string kind(const torch::jit::IValue& said) {
    return said.isTensor() ? noneq::to_string(said.toTensor().sizes().vec()) : said.tagKind();
  }

 private:
  std::string name_;
  torch::jit::Module module_;
};

}
