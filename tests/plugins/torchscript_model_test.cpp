// Networks from TorchScript files: those that noneq exported itself, and clear lines for files that do not fit.
#include <torch/script.h>

#include "noneq/plugin/exportable.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/storage/files.hpp"
#include "plugins/make.hpp"
#include "plugins/message.hpp"
#include "plugins/shake.hpp"

using namespace noneq;
using namespace testing;
using testing::message_of;
using testing::says;

namespace {

struct traced : testing::scratch {
  std::filesystem::path path = *this / "net.pt";

  void write(const std::string& arguments, const std::string& body) const {
    torch::jit::Module m("m");
    m.register_parameter("w", at::full({1}, 2.0), false);
    m.define("def forward(self, " + arguments + "):\n  " + body + "\n");
    m.save(path.string());
  }
  std::shared_ptr<model> opened() const { return make<model>("{plugin: torchscript, file: '" + path.string() + "'}"); }
  // What the check of a pipeline says, for samples [2, 3].
  std::string refusal(std::int64_t classes = 0) const {
    return message_of([&] { opened()->check_signature({{2, 3}, 1, 10, classes}); });
  }
};

}

TEST_CASE("a U-Net comes back from the TorchScript file it was exported to") {
  const traced s;
  for (const char* how : {"execution: reference}", "scale_shift: true, attention: [4], heads: 2, activation: gelu}",
                          "resample: residual, downsample_padding: 1, dropout: 0.2}", "padding: [reflect, circular]}",
                          "padding: [zeros, circular], downsample_padding: 1}"})
    for (const std::int64_t classes : {0, 3}) {
      CAPTURE(how);
      CAPTURE(classes);
      const network_signature signature{{1, 7, 8}, 2, 1000, classes};
      const auto net =
          make<model>(std::string("{plugin: unet, channels: 8, multipliers: [1, 2], precision: fp32, ") + how)
              ->build(signature);
      torch::manual_seed(2);
      shake(*net, 0.1);
      dynamic_cast<const exportable&>(*net).export_torchscript(s.path);
      s.opened()->check_signature(signature);
      const auto back = s.opened()->build(signature);
      const network_input in{stream(1).normal({3, 1, 7, 8}),
                             at::tensor({0, 500, 999}, at::kLong),
                             {{"label", at::tensor({0, 2, 1}, at::kLong)}},
                             {}};
      at::NoGradGuard values_only;
      const Tensor y = net->forward(in);
      CHECK(largest(y) > 0.1);
      CHECK(largest(back->forward(in) - y) < 1e-5 * (1 + largest(y)));
      CHECK(back->parameters().size() == net->parameters().size());
    }
}

TEST_CASE("the parameters of a script are trained on") {
  const traced s;
  s.write("x, t", "return self.w * x");
  const auto net = s.opened()->build({{2, 3}, 1, 10, 0});
  REQUIRE(net->parameters().size() == 1);
  const Tensor x = at::ones({4, 2, 3}), y = net->forward({x, at::zeros({4}, at::kLong), {}, {}});
  CHECK(largest(y - 2) == 0);
  CHECK(torch::autograd::grad({y.sum()}, {net->parameters()[0]})[0].item<double>() == 24);
}

TEST_CASE("a file that is no network for the data is refused when the pipeline is checked") {
  const traced s;
  CHECK(says(message_of([&] { s.opened(); }), "net.pt"));
  storage::write_atomically(s.path, "not a network");
  CHECK(says(message_of([&] { s.opened(); }), "net.pt: got something else than a TorchScript module"));
  s.write("x, t", "return x");
  CHECK(s.refusal() == "nothing was thrown");
  CHECK(says(s.refusal(3), "net.pt: got a forward of 2 arguments, need x, t and label"));
  s.write("x, t, label", "return x");
  CHECK(s.refusal(3) == "nothing was thrown");
  CHECK(says(s.refusal(), "net.pt: got a forward of 3 arguments, need x and t"));
  s.write("x", "return x");
  CHECK(says(s.refusal(), "got a forward of 1 arguments, need x and t"));
  s.write("x, t", "return x[:, :1]");
  CHECK(says(s.refusal(), "net.pt: gave [2, 1, 3] of float32 for one sample in each row, need rows of [2, 3]"));
  s.write("x, t", "return x.double()");
  CHECK(says(s.refusal(), "gave [2, 2, 3] of float64"));
  s.write("x, t", "return x.sum()");
  CHECK(says(s.refusal(), "gave [] of float32"));
  s.write("x, t", "return x @ x");
  CHECK(says(s.refusal(), "net.pt: failed: "));
  s.write("x, t", "return (x, t)");
  CHECK(says(s.refusal(), "net.pt: failed: "));
}
