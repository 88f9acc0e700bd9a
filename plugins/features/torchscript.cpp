// The outputs of a trained network for images: a TorchScript module read from a file. With the Inception network of
// Heusel et al. 2017, metric.frechet is their FID.
#include "../script_file.hpp"
#include "noneq/storage/files.hpp"

namespace {

using noneq::error;
using noneq::Tensor;

struct script_map : noneq::feature_map {
  shipped::script_file script;
  std::int64_t channels;
  double shift = 0, scale = 1;

  script_map(const std::filesystem::path& file, std::int64_t of_image) : script(file), channels(of_image) {}

  Tensor operator()(const Tensor& data) const override {
    const at::NoGradGuard no_gradients;
    Tensor x = data.to(at::kFloat) * scale + shift;
    if (channels > 0 && x.dim() == 3) x = x.unsqueeze(1);
    if (channels > 0 && x.size(1) == 1) x = x.expand({-1, channels, -1, -1});
    const torch::jit::IValue said = script.forward({x.contiguous()});
    if (!said.isTensor() || said.toTensor().dim() < 2 || said.toTensor().size(0) != x.size(0))
      throw script.wrong(c10::str("the network gave ", shipped::script_file::kind(said), ", need a tensor [", x.size(0),
                                  ", features]"));
    return said.toTensor().flatten(1).to(at::kFloat);
  }
};

struct torchscript : noneq::feature {
  std::filesystem::path file;
  std::vector<double> range;
  std::int64_t channels = 0;

  std::string label() const override { return file.stem().string(); }
  std::string identity() const override {
    // The bytes, not the name: another network under this name has other features.
    return c10::str("torchscript ", noneq::stream(0).fork(noneq::storage::read_file(file)).bits(0), " range ",
                    c10::Join(" ", range), " channels ", channels);
  }

  void check() const override {
    if (!range.empty() && (range.size() != 2 || !(range[0] < range[1])))
      throw error(c10::str("range got [", c10::Join(", ", range), "], need two numbers, the lower one first"));
    shipped::script_file{file};
  }

  void check_data(const noneq::dataset_info& info) const override {
    if (!range.empty() && info.range.empty())
      throw error("got a range, but that of the data is not known; need transform.range behind the loader", "range");
  }

  std::unique_ptr<noneq::feature_map> learn(const noneq::dataset_info& info, const training_rows&) const override {
    return restore(info, {});
  }
  std::unique_ptr<noneq::feature_map> restore(const noneq::dataset_info& info,
                                              const std::map<std::string, Tensor>&) const override {
    check_data(info);
    auto map = std::make_unique<script_map>(file, channels);
    if (!range.empty()) {
      map->scale = (range[1] - range[0]) / (info.range[1] - info.range[0]);
      map->shift = range[0] - info.range[0] * map->scale;
    }
    return map;
  }

  static void describe(noneq::description<torchscript>& d) {
    d.doc("What a TorchScript module makes of [n, C, H, W] float32: [n, features].")
        .param("file", &torchscript::file, "the module, as torch.jit.save writes it", noneq::required())
        .param("range", &torchscript::range,
               "what the loader's range becomes before the network sees it, e.g. [-1, 1]; empty: data units")
        .param("channels", &torchscript::channels, "grey images are repeated to this many channels; 0: left alone",
               noneq::between(0, 16));
  }
};

}

NONEQ_PLUGIN(torchscript);
