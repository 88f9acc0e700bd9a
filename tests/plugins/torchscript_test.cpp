// Features by a TorchScript module: the module's own numbers, and clear lines for modules that do not fit.
#include <torch/script.h>

#include "measuring.hpp"
#include "noneq/storage/files.hpp"
#include "plugins/message.hpp"

using noneq::stream;
using noneq::Tensor;
using testing::message_of;
using testing::says;

namespace {

struct extractor : testing::scratch {
  std::filesystem::path path = *this / "net.pt";
  explicit extractor(const std::string& body) {
    torch::jit::Module m("m");
    m.define("def forward(self, x):\n  " + body + "\n");
    m.save(path.string());
  }
  std::string yaml(const std::string& more = "") const {
    return "{plugin: torchscript, file: '" + path.string() + "'" + more + "}";
  }
};

}

TEST_CASE("torchscript: images in the range the network wants, grey repeated to its channels") {
  const extractor net("return x.mean((2, 3)) if x.size(1) == 3 else x.flatten(1)");
  noneq::dataset_info info;
  info.range = {0, 255};
  const Tensor x = 255 * stream(1).uniform({5, 1, 4, 4});
  const auto feature = testing::make<noneq::feature>(net.yaml(", range: [-1, 1], channels: 3"));
  CHECK(feature->label() == "net");
  const auto map = feature->learn(info, {});
  const Tensor mean = (x / 127.5 - 1).mean({2, 3}).expand({5, 3});
  for (int again = 0; again < 4; ++again) CHECK(at::allclose((*map)(x), mean, 1e-5, 1e-5));
  CHECK((*testing::make<noneq::feature>(net.yaml())->learn(info, {}))(x).equal(x.flatten(1)));
  info.range.clear();
  CHECK(says(message_of([&] { feature->check_data(info); }), "range: got a range, but that of the data is not known"));
}

TEST_CASE("torchscript: the same network is known by its bytes, another is another") {
  const extractor one("return x.flatten(1)"), other("return x.flatten(1) + 1");
  const auto identity = [](const extractor& s) { return testing::make<noneq::feature>(s.yaml())->identity(); };
  CHECK(identity(one) == identity(one));
  CHECK(identity(one) != identity(other));
}

TEST_CASE("torchscript: what does not fit is said") {
  const extractor flat("return x.sum()"), narrow("return x.matmul(x)");
  const Tensor x = at::ones({2, 1, 2, 3});
  const auto fault = [&](const extractor& s) {
    return message_of([&] { (*testing::make<noneq::feature>(s.yaml())->learn({}, {}))(x); });
  };
  CHECK(says(fault(flat), "net.pt: the network gave [], need a tensor [2, features]"));
  CHECK(says(fault(narrow), "net.pt: the network failed on [2, 1, 2, 3]"));
  CHECK(says(message_of([] { testing::make<noneq::feature>("{plugin: torchscript, file: none.pt}"); }), "none.pt: "));
  CHECK(says(message_of([] { testing::make<noneq::feature>("{plugin: torchscript, file: tests/main.cpp}"); }),
             "tests/main.cpp: got something else than a TorchScript module"));
  std::string bytes = noneq::storage::read_file(flat.path);
  const auto length = [&](std::size_t at) {
    return static_cast<unsigned char>(bytes[at]) | static_cast<unsigned char>(bytes[at + 1]) << 8;
  };
  bytes[static_cast<std::size_t>(30 + length(26) + length(28))] ^= 1;  // the first byte behind the zip's first header
  noneq::storage::write_atomically(flat.path, bytes);
  CHECK(
      says(message_of([&] { testing::make<noneq::feature>(flat.yaml()); }), "net.pt: is a damaged TorchScript module"));
}
