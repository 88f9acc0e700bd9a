// A network from a file that PyTorch saved with torch.jit.trace or torch.jit.script: forward(x, t) or
// forward(x, t, label), where x is float32 [B, …] and t int64 [B], the index of the step from 0. Its parameters are
// trained on; buffers stay as they are in the file. Runs as in evaluation: dropout inside it is off, because its noise
// would not be that of the run.
#include "../script_file.hpp"
#include "dotted.hpp"
#include "noneq/core/dtype.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace {

using noneq::Tensor;

struct torchscript_network : noneq::network {
  torchscript_network(const std::filesystem::path& path, const noneq::network_signature& s)
      : file(path.string()), shape(s.shape), module(shipped::load_script(path)) {
    shape[0] *= s.outputs;
    const std::size_t arguments = module.get_method("forward").function().getSchema().arguments().size() - 1;
    with_label = s.classes > 0;
    if (arguments != (with_label ? 3 : 2))
      throw noneq::error("got a forward of " + std::to_string(arguments) + " arguments, need " +
                             (with_label ? "x, t and label" : "x and t"),
                         "", {file, 0, 0});
    for (const auto& p : module.named_parameters()) shipped::register_dotted(*this, p.name, p.value);
  }

  Tensor forward(const noneq::network_input& in) override {
    std::vector<torch::jit::IValue> arguments{in.x, in.t};
    if (with_label) arguments.emplace_back(in.given.find("label"));
    Tensor y;
    try {
      y = module.forward(std::move(arguments)).toTensor();
    } catch (const std::exception& e) {
      throw noneq::error("failed: " + noneq::first_line(e.what()), "", {file, 0, 0});
    }
    if (y.dim() < 1 || y.sizes().slice(1) != at::IntArrayRef(shape) || y.scalar_type() != in.x.scalar_type())
      throw noneq::error("gave " + noneq::to_string(y.sizes().vec()) + " of " + noneq::dtype_text(y.scalar_type()) +
                             " for one sample in each row, need rows of " + noneq::to_string(shape),
                         "", {file, 0, 0});
    return y;
  }

  std::string file;
  noneq::sizes shape;  // of one output
  torch::jit::Module module;
  bool with_label = false;
};

struct torchscript : noneq::model {
  std::filesystem::path file;

  void check() const override { shipped::load_script(file); }

  // Tries it on two samples, so that a network for other data is refused before anything is trained.
  void check_signature(const noneq::network_signature& s) const override {
    at::NoGradGuard values_only;
    noneq::sizes x{2};
    x.insert(x.end(), s.shape.begin(), s.shape.end());
    torchscript_network(file, s).forward(
        {at::zeros(x), at::zeros({2}, at::kLong), {{"label", at::zeros({2}, at::kLong)}}, at::zeros({2})});
  }

  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    return std::make_shared<torchscript_network>(file, s);
  }

  static void describe(noneq::description<torchscript>& d) {
    d.doc("A network that PyTorch saved as TorchScript, with forward(x, t) or forward(x, t, label).")
        .param("file", &torchscript::file, "the file of torch.jit.save", noneq::required());
  }
};

}

NONEQ_PLUGIN(torchscript);
