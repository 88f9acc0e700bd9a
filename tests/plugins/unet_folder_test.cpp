// Folders of UNet2DModel: the numbers of one made by PyTorch (unet_folder/make.py), every key of its config honoured or
// refused by name, every tensor that does not fit named.
#include "../../plugins/models/unet/config.hpp"
#include "../../plugins/models/unet/layers.hpp"
#include "noneq/plugin/exportable.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/safetensors.hpp"
#include "plugins/make.hpp"
#include "plugins/message.hpp"

using namespace noneq;
using namespace testing;
using nlohmann::json;
using testing::message_of;
using testing::says;

namespace {

const std::filesystem::path made_folder = "tests/plugins/unet_folder";

std::shared_ptr<network> opened(const std::filesystem::path& folder, const char* execution) {
  const auto m =
      make<model>("{plugin: unet, from: '" + folder.string() + "', execution: " + execution + ", precision: fp32}");
  return m->build({{2, 8, 8}, 0, 0, 0});
}

Tensor answer(network& net) {
  at::NoGradGuard values_only;
  const auto io = storage::load_safetensors(made_folder / "io.safetensors").tensors;
  return net.forward({io.at("x"), io.at("t"), {{"label", io.at("class_labels")}}, {}});
}

json config_with(const json& edits) {
  json config = json::parse(storage::read_file(made_folder / "config.json"));
  for (const auto& [key, v] : edits.items()) config[key] = v;
  return config;
}

// A folder of the edited config, with weights that depend on their names only.
struct edited : testing::scratch {
  std::map<std::string, Tensor> weights;

  explicit edited(const json& edits) {
    storage::write_atomically(folder() / "config.json", config_with(edits).dump());
    for (const compute::weight_spec& w :
         shipped::unet::layers(shipped::unet::read_config(folder() / "config.json").net, {8, 8}).weights) {
      const double fan = static_cast<double>(c10::multiply_integers(w.shape) / w.shape[0]);
      weights[w.name] = stream(1).fork(w.name).normal(w.shape) * (w.shape.size() > 1 ? 1.5 / std::sqrt(fan) : 0.5) +
                        (says(w.name, "norm") && w.name.ends_with("weight") ? 1 : 0);
    }
    save();
  }
  void save() const { storage::save_safetensors(folder() / "diffusion_pytorch_model.safetensors", {weights, {}}); }
  Tensor answer(const char* execution) const { return ::answer(*opened(folder(), execution)); }
};

std::string refusal(const json& edits) {
  const testing::scratch s;
  storage::write_atomically(s / "config.json", config_with(edits).dump());
  return message_of([&] { shipped::unet::read_config(s / "config.json"); });
}

}

TEST_CASE("a folder made by PyTorch gives its numbers, in both executions") {
  const Tensor y = storage::load_safetensors(made_folder / "io.safetensors").tensors.at("y");
  CHECK(largest(y) > 1);
  for (const char* execution : {"reference", "compiled"}) {
    CAPTURE(execution);
    CHECK(largest(answer(*opened(made_folder, execution)) - y) < 1e-5);
  }
}

TEST_CASE("no key of a config is ignored, and the executions agree on each") {
  const Tensor plain = edited(json::object()).answer("reference");
  const json down = {"DownBlock2D", "DownBlock2D"}, up = {"UpBlock2D", "UpBlock2D"};
  const json variants[] = {
      {{"down_block_types", down}},
      {{"up_block_types", up}},
      {{"down_block_types", {"AttnDownBlock2D", "AttnDownBlock2D"}}},
      {{"down_block_types", {"AttnDownBlock2D", "DownBlock2D"}}, {"downsample_type", "resnet"}},
      {{"down_block_types", {"ResnetDownsampleBlock2D", "DownBlock2D"}}},
      {{"up_block_types", {"ResnetUpsampleBlock2D", "UpBlock2D"}}},
      {{"upsample_type", "resnet"}},
      {{"block_out_channels", {8, 24}}},
      {{"layers_per_block", 2}},
      {{"add_attention", false}},
      {{"mid_block_scale_factor", 2}},
      {{"downsample_padding", 1}},
      {{"center_input_sample", false}},
      {{"time_embedding_type", "learned"}, {"num_train_timesteps", 1000}},
      {{"freq_shift", 0}},
      {{"flip_sin_to_cos", true}},
      {{"num_class_embeds", nullptr}},
      {{"num_class_embeds", nullptr}, {"class_embed_type", "timestep"}},
      {{"act_fn", "gelu"}},
      {{"act_fn", "relu"}},
      {{"attention_head_dim", nullptr}},
      {{"attention_head_dim", 8}},
      {{"norm_num_groups", 2}},
      {{"attn_norm_num_groups", 2}},
      {{"norm_eps", 0.1}},
      {{"resnet_time_scale_shift", "scale_shift"}, {"attn_norm_num_groups", 4}},
  };
  for (const json& v : variants) {
    CAPTURE(v.dump());
    const edited folder(v);
    const Tensor y = folder.answer("reference");
    CHECK(largest(y - plain) > 1e-3);
    CHECK(largest(folder.answer("auto") - y) < 1e-5 * (1 + largest(y)));
  }
  CHECK(at::equal(edited(json::object({{"act_fn", "swish"}, {"sample_size", nullptr}})).answer("reference"), plain));
}

TEST_CASE("what a config asks for and the network does not know is refused by name") {
  const std::pair<json, const char*> refused[] = {
      {{{"_class_name", "UNet2DConditionModel"}}, "_class_name: got 'UNet2DConditionModel', need UNet2DModel"},
      {{{"down_block_types", {"CrossAttnDownBlock2D", "DownBlock2D"}}}, "down_block_types: got 'CrossAttnDownBlock2D'"},
      {{{"up_block_types", {"SkipUpBlock2D", "UpBlock2D"}}}, "up_block_types: got 'SkipUpBlock2D'"},
      {{{"up_block_types", {"DownBlock2D", "UpBlock2D"}}}, "up_block_types: got 'DownBlock2D'"},
      {{{"up_block_types", {"UpBlock2D"}}}, "block_out_channels: got 2 of them with 2 down_block_types and 1"},
      {{{"time_embedding_type", "fourier"}}, "time_embedding_type: got 'fourier', need positional or learned"},
      {{{"time_embedding_type", "learned"}}, "num_train_timesteps: is missing"},
      {{{"class_embed_type", "identity"}}, "class_embed_type: got 'identity', need null or timestep"},
      {{{"act_fn", "mish"}}, "act_fn: got 'mish', need silu, swish, gelu or relu"},
      {{{"resnet_time_scale_shift", "ada_group"}}, "resnet_time_scale_shift: got 'ada_group'"},
      {{{"downsample_type", "kernel"}}, "downsample_type: got 'kernel', need conv or resnet"},
      {{{"upsample_type", 3}}, "upsample_type: got 3, need a text"},
      {{{"downsample_padding", 2}}, "downsample_padding: got 2, need 0 or 1"},
      {{{"mid_block_scale_factor", 0}}, "mid_block_scale_factor: got 0"},
      {{{"dropout", 1}}, "dropout: got 1, need a value in [0, 1)"},
      {{{"layers_per_block", {1, 2}}}, "layers_per_block: got [1,2], need an integer"},
      {{{"norm_num_groups", 5}}, "got 8 channels in 5 groups, need a multiple"},
      {{{"attention_head_dim", 5}}, "got heads of 5 channels where there are 16, need a divisor"},
      {{{"mid_block_type", "UNetMidBlock3D"}}, "mid_block_type: got 'UNetMidBlock3D', need UNetMidBlock2D"},
      {{{"mid_block_type", nullptr}}, "mid_block_type: got null, need a text"},
      {{{"middle_block", "UNet"}}, "middle_block: got \"UNet\", need a key of UNet2DModel"},
  };
  for (const auto& [edits, line] : refused) {
    const std::string message = refusal(edits);
    CHECK_MESSAGE(says(message, line), message);
  }
  const std::string both = refusal({{"act_fn", "mish"}, {"downsample_padding", 7}});
  CHECK_MESSAGE((says(both, "act_fn: ") && says(both, "downsample_padding: ")), both);
}

TEST_CASE("tensors that are missing, misshapen or nobody's are all named at once") {
  edited folder(json::object());
  folder.weights.erase("conv_in.bias");
  folder.weights["conv_out.weight"] = at::zeros({3, 8, 1, 1});
  folder.weights["stranger"] = at::zeros({1});
  folder.save();
  const std::string message = message_of([&] { opened(folder.folder(), "auto"); });
  for (const char* line :
       {"conv_in.bias: is missing; need [8]", "conv_out.weight: got shape [3, 8, 1, 1], need [3, 8, 3, 3]",
        "stranger: got a tensor that the network of config.json does not have"})
    CHECK_MESSAGE(says(message, line), message);
}

TEST_CASE("a padding that a folder cannot hold is refused by name, and a folder's is of zeros") {
  const testing::scratch s;
  const auto net =
      make<model>("{plugin: unet, channels: 8, multipliers: [1, 1], time_range: 0, padding: [zeros, circular]}")
          ->build({{2, 8, 8}, 1, 1000, 0});
  CHECK(message_of([&] { dynamic_cast<const exportable&>(*net).export_diffusers(s / "folder", ""); }) ==
        "padding: got circular or reflect, need zeros for diffusers, which has no other padding");
  CHECK_FALSE(std::filesystem::exists(s / "folder"));
  const auto m = make<model>("{plugin: unet, from: '" + made_folder.string() + "', padding: circular}");
  CHECK(message_of([&] {
          m->build({{2, 8, 8}, 0, 0, 0});
        }) ==
        "padding: got [\"circular\",\"circular\"], but the folder of `from` has [\"zeros\",\"zeros\"]; leave it out");
}

TEST_CASE("a vector beside each sample is refused by name, because a folder cannot hold its embedding") {
  shipped::unet::architecture a = shipped::unet::read_config(made_folder / "config.json").net;
  a.vector_size = 3;
  CHECK(message_of([&] {
          shipped::unet::to_config(a, {8, 8}, "0.30.0");
        }) ==
        "got a network that reads 3 numbers beside each sample, vector_embedding, need one without for diffusers");
}

TEST_CASE("an exported folder is the same network, under the names of old and new versions") {
  const testing::scratch s;
  const edited folder(json::object({{"dropout", 0.25}}));
  const auto net = opened(folder.folder(), "reference");
  for (const char* version : {"0.14.0", "0.30.0"}) {
    CAPTURE(version);
    dynamic_cast<const exportable&>(*net).export_diffusers(s / version, version);
    CHECK(at::equal(answer(*opened(s / version, "reference")), answer(*net)));
    CHECK(shipped::unet::read_config(s / version / "config.json").net.dropout == 0.25);
    const auto held = storage::load_safetensors(s / version / "diffusion_pytorch_model.safetensors").tensors;
    CHECK(held.contains("mid_block.attentions.0.query.weight") == (std::string(version) == "0.14.0"));
    CHECK(held.contains("mid_block.attentions.0.to_q.weight") == (std::string(version) == "0.30.0"));
  }
}
