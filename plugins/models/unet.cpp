// U-Net (Ho et al. 2020; Nichol & Dhariwal 2021), described as plain data and executed from it. Its weights have the
// names of UNet2DModel in diffusers, and a folder of diffusers can be read in place of the parameters.
#include "computed_here.hpp"
#include "dotted.hpp"
#include "noneq/compute/execution.hpp"
#include "noneq/compute/script.hpp"
#include "noneq/plugin.hpp"
#include "noneq/plugin/exportable.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "onnx_graph.hpp"
#include "unet/layers.hpp"
#include "unet/options.hpp"
#include "unet/tensors.hpp"

namespace {

using noneq::Tensor;
using shipped::unet::architecture;

struct unet_network : noneq::network, noneq::exportable, noneq::computes_here {
  unet_network(architecture a, const noneq::network_signature& s, const shipped::unet::options& o,
               const shipped::unet::diffusers_folder* folder)
      : net(std::move(a)),
        shape(s.shape),
        steps(s.T),
        labels(std::max(net.class_rows, s.classes)),
        given(o, s, false),
        how(o),
        executed(shipped::unet::layers(net, {s.shape.begin() + 1, s.shape.end()}), how),
        with_no_class(o.no_class),
        with_x0_hat(o.self_conditioning),
        added_channels(executed.layers().values[0].channels != s.shape[0]) {
    const noneq::compute::network_layers& layers = executed.layers();
    shape[0] = net.out_channels;
    if (folder != nullptr) version = folder->config.version;
    if (folder != nullptr)
      weights = load_weights(*folder, layers);
    else
      for (const noneq::compute::weight_spec& w : layers.weights)
        weights.push_back(noneq::compute::initial_weight(w, s.first_weights));
    for (std::size_t i = 0; i < weights.size(); ++i)
      shipped::register_dotted(*this, layers.weights[i].name, weights[i]);
  }

  bool knows_no_class() const override { return with_no_class; }
  bool takes_any_t() const override { return net.learned_times == 0; }
  bool self_conditioned() const override { return with_x0_hat; }
  std::vector<std::string> knows_without() const override { return given.dropped(); }

  Tensor forward(const noneq::network_input& in) override {
    Tensor x = net.centre_input ? 2 * in.x - 1 : in.x;
    if (with_x0_hat) {
      const Tensor x0_hat = in.given.find("x0_hat");
      x = at::cat({x, x0_hat.defined() ? x0_hat : at::zeros_like(in.x)}, 1);
    }
    if (const Tensor fields = given.fields(in, periodic()); fields.defined()) x = at::cat({x, fields}, 1);
    Tensor label = in.given.find("label");
    if (!label.defined() && with_no_class) label = at::full_like(in.t, net.class_rows - 1);
    noneq::sizes out{in.x.size(0)};
    out.insert(out.end(), shape.begin(), shape.end());
    return executed.forward(weights, {x, in.t, label, in.dropout, in.first, given.vectors(in)}).view(out);
  }

  // Which axes of the grid wrap around.
  std::vector<bool> periodic() const {
    std::vector<bool> all;
    for (std::size_t k = 3 - shape.size(); k < 2; ++k)
      all.push_back(net.padding[k] == noneq::compute::padding::circular);
    return all;
  }

  void export_diffusers(const std::filesystem::path& folder, const std::string& asked) const override {
    shipped::unet::save_folder(folder, net, executed.layers(), weights, asked.empty() ? version : asked);
  }

  noneq::compute::script_frame frame() const {
    noneq::compute::script_frame f{shape, net.has_classes()};
    if (!net.centre_input) return f;
    if (added_channels)
      throw noneq::error(
          "got center_input_sample with further channels of conditions, which are not centred; such a "
          "network can be exported as safetensors or diffusers only");
    f.input_scale = 2, f.input_shift = -1;
    return f;
  }

  void export_torchscript(const std::filesystem::path& file) const override {
    noneq::compute::save_torchscript(file, executed.layers(), weights, frame());
  }

  void export_onnx(const std::filesystem::path& file) const override {
    noneq::storage::onnx::save(file, shipped::onnx_graph(executed.layers(), weights, frame(), steps, labels));
  }

  answer here() const override { return shipped::computed_here(executed.layers(), how); }

  architecture net;
  std::string version = "0.30.0";  // of the diffusers to export for
  noneq::sizes shape;              // of one output
  std::int64_t steps, labels;      // that t and label may be
  shipped::conditioning given;
  noneq::compute::execution_choice how;
  noneq::compute::executed_network executed;
  std::vector<Tensor> weights;
  bool with_no_class, with_x0_hat, added_channels;
};

struct unet : noneq::model, noneq::computes_here, shipped::unet::options {
  void check() const override { check_alone(); }
  bool takes_channels() const override { return true; }
  std::vector<std::string> conditions() const override { return condition; }
  void check_signature(const noneq::network_signature& s) const override {
    const architecture a = architecture_for(s, opened());
    check_execution(shipped::unet::layers(a, {s.shape.begin() + 1, s.shape.end()}));
  }

  std::shared_ptr<noneq::network> build(const noneq::network_signature& s) const override {
    const auto folder = opened();
    return std::make_shared<unet_network>(architecture_for(s, folder), s, *this, folder ? &*folder : nullptr);
  }

  // On photographs of 32×32, or whatever the folder of a trained one takes.
  answer here() const override {
    const noneq::network_signature usual{{3, 32, 32}, 1, 1000, 0};
    return shipped::computed_here(shipped::unet::layers(architecture_for(usual, opened()), {32, 32}), *this);
  }

  static void describe(noneq::description<unet>& d) {
    d.doc("U-Net over images [C, H, W] or sequences [C, L].");
    options::describe(d);
  }
};

}

NONEQ_PLUGIN(unet);
