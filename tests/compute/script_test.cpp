// Scripts of networks give the numbers of the reference execution.
#include "noneq/compute/script.hpp"

#include <filesystem>

#include <torch/script.h>

#include "doctest.hpp"
#include "small_networks.hpp"

using namespace noneq;
using namespace noneq::compute;

namespace {

// The largest difference between a network and its script, saved and read back.
double off_by(const network_layers& n, const layers_input& in) {
  const std::vector<Tensor> w = small::weights(n, 1);
  const value_shape& s = n.values[0];
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("noneq_script_" + std::to_string(::getpid()) + ".pt");
  save_torchscript(file, n, w, {{s.channels, s.height, s.width}});
  torch::jit::Module module = torch::jit::load(file.string());
  std::filesystem::remove(file);
  std::vector<c10::IValue> arguments{in.x, in.t};
  if (in.vector.defined()) arguments.push_back(in.vector);
  at::NoGradGuard values_only;
  const Tensor expected = run_reference(n, w, in), got = module.forward(arguments).toTensor();
  CHECK(expected.abs().max().item<double>() > 0.1);
  return (got - expected).abs().max().item<double>();
}

}

TEST_CASE("a script pads as its network does") {
  for (const paddings& with : small::all_paddings()) {
    CAPTURE(static_cast<int>(with[0]));
    CAPTURE(static_cast<int>(with[1]));
    for (const auto& [height, width] : {std::pair{7, 10}, {8, 8}, {1, 12}}) {
      const network_layers n = small::padded(small::unet(2, height, width, true, 2), with);
      CHECK(off_by(n, {stream(5).normal({3, 2, height, width}), at::arange(3, at::kLong) * 37, {}}) < 1e-5);
    }
  }
}

TEST_CASE("the last argument of a script is the vector beside each sample") {
  const network_layers n = small::unet(2, 8, 8, false, 1, 0, 0, 5);
  layers_input in{stream(5).normal({3, 2, 8, 8}), at::arange(3, at::kLong) * 37, {}};
  in.vector = stream(6).normal({3, 5});
  CHECK(off_by(n, in) < 1e-5);
}
