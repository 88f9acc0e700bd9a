#include "config.hpp"

#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "noneq/config/problems.hpp"
#include "noneq/storage/json_text.hpp"

namespace shipped::unet {
namespace {

using nlohmann::json;
using names = std::vector<std::string>;
using integers = std::vector<std::int64_t>;

template <class T>
bool holds(const json& v) {
  if constexpr (std::is_same_v<T, bool>)
    return v.is_boolean();
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return v.is_number_integer();
  else if constexpr (std::is_same_v<T, double>)
    return v.is_number();
  else if constexpr (std::is_same_v<T, std::string>)
    return v.is_string();
  else
    return v.is_array() &&
           std::all_of(v.begin(), v.end(), [](const json& i) { return holds<typename T::value_type>(i); });
}

template <class T>
constexpr const char* words() {
  if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return "an integer";
  else if constexpr (std::is_same_v<T, double>)
    return "a number";
  else if constexpr (std::is_same_v<T, std::string>)
    return "a text";
  else if constexpr (std::is_same_v<T, integers>)
    return "a list of integers";
  else
    return "a list of texts";
}

// A key or a text of the file may hold anything, and stands in a message.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return text;
}

// The keys of one config, each with its default; every problem is kept.
class reader {
 public:
  reader(const std::filesystem::path& file, noneq::config::problems& found)
      : where_{file.string(), 0, 0}, found_(found) {
    std::ifstream in(file);
    if (!in) throw noneq::error("cannot be opened; need the config.json of a UNet2DModel", "", where_);
    auto object = noneq::storage::json_object(std::string(std::istreambuf_iterator<char>(in), {}));
    if (!object) throw noneq::error("got no JSON object, need the config.json of a UNet2DModel", "", where_);
    all_ = std::move(*object);
  }

  void refuse(const std::string& key, const std::string& what) const {
    found_.add(noneq::error(one_line(what), one_line(key), where_));
  }

  const json& raw(const std::string& key) {
    static const json nothing;
    seen_.push_back(key);
    const auto it = all_.find(key);
    return it == all_.end() ? nothing : *it;
  }
  bool has(const std::string& key) const { return all_.contains(key); }

  // `fallback` when the key is not there.
  template <class T>
  T get(const std::string& key, T fallback) {
    const json& v = raw(key);
    if (!all_.contains(key)) return fallback;
    if (holds<T>(v)) return v.get<T>();
    refuse(key, fmt::format("got {}, need {}", v.dump(), words<T>()));
    return fallback;
  }
  // A null counts as `empty`, a key that is not there as `fallback`.
  template <class T>
  T get(const std::string& key, T fallback, T empty) {
    return has(key) && raw(key).is_null() ? empty : get(key, fallback);
  }
  std::int64_t count(const std::string& key, std::int64_t fallback, std::int64_t least) {
    const auto n = get<std::int64_t>(key, fallback);
    if (n >= least && n <= 1'000'000) return n;
    refuse(key, fmt::format("got {}, need a value in [{}, 1000000]", n, least));
    return fallback;
  }

  // Keys of other versions may stand there as long as they request nothing.
  void refuse_unknown() const {
    for (const auto& [key, v] : all_.items()) {
      const bool asks = !v.is_null() && v != false && !key.starts_with('_');
      if (asks && std::find(seen_.begin(), seen_.end(), key) == seen_.end())
        refuse(key, fmt::format("got {}, need a key of UNet2DModel", v.dump()));
    }
  }

 private:
  const noneq::place where_;
  noneq::config::problems& found_;
  json all_;
  names seen_;
};

void read_time(reader& r, architecture& a) {
  const auto type = r.get<std::string>("time_embedding_type", "positional");
  const auto steps = r.get<std::int64_t>("num_train_timesteps", 0, 0);
  a.frequency_shift = r.get<double>("freq_shift", 0);
  a.cosine_first = r.get<bool>("flip_sin_to_cos", true);
  if (type == "learned" && steps < 1)
    r.refuse("num_train_timesteps", "is missing; learned times need a number of steps");
  if (type == "learned") a.learned_times = steps;
  if (type != "learned" && type != "positional")
    r.refuse("time_embedding_type", fmt::format("got '{}', need positional or learned", type));
}

void read_classes(reader& r, architecture& a) {
  const auto type = r.get<std::string>("class_embed_type", "", "");
  const auto count = r.get<std::int64_t>("num_class_embeds", 0, 0);
  if (type == "timestep")
    a.class_sinusoids = true;
  else if (!type.empty())
    r.refuse("class_embed_type", fmt::format("got '{}', need null or timestep", type));
  else
    a.class_rows = count;
}

// The names of blocks, with "Down" or "Up" in place of the {}.
bool is_block(const std::string& name, const char* pattern, const char* way, const char* resnet_way) {
  return name == fmt::format(fmt::runtime(pattern), way) || name == fmt::format(fmt::runtime(pattern), resnet_way);
}

void read_block(reader& r, const std::string& key, std::string name, bool down, bool residual_attention,
                bool& attention, bool& residual) {
  if (name.starts_with("UNetRes")) name = name.substr(7);
  const char *way = down ? "Down" : "Up", *sample = down ? "Downsample" : "Upsample";
  attention = is_block(name, "Attn{}Block2D", way, way);
  residual = is_block(name, "Resnet{}Block2D", sample, sample) || (attention && residual_attention);
  if (!attention && !residual && !is_block(name, "{}Block2D", way, way))
    r.refuse(key, fmt::format("got '{}', need {}Block2D, Attn{}Block2D or Resnet{}Block2D", name, way, way, sample));
}

bool read_residual(reader& r, const std::string& key) {
  const auto type = r.get<std::string>(key, "conv", "conv");
  if (type != "conv" && type != "resnet") r.refuse(key, fmt::format("got '{}', need conv or resnet", type));
  return type == "resnet";
}

void read_levels(reader& r, architecture& a) {
  const bool residual_down = read_residual(r, "downsample_type"), residual_up = read_residual(r, "upsample_type");
  const auto channels = r.get<integers>("block_out_channels", {224, 448, 672, 896});
  const auto down =
      r.get<names>("down_block_types", {"DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"});
  const auto up = r.get<names>("up_block_types", {"AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"});
  if (channels.empty() || channels.size() > 30 || down.size() != channels.size() || up.size() != channels.size())
    return r.refuse("block_out_channels",
                    fmt::format("got {} of them with {} down_block_types and {} up_block_types, need 1 to 30 of each",
                                channels.size(), down.size(), up.size()));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    level l{.channels = channels[i]};
    if (l.channels < 1 || l.channels > 1'000'000)
      r.refuse("block_out_channels", fmt::format("got {}, need a value in [1, 1000000]", l.channels));
    read_block(r, "down_block_types", down[i], true, residual_down, l.down_attention, l.down_residual);
    read_block(r, "up_block_types", up[up.size() - 1 - i], false, residual_up, l.up_attention, l.up_residual);
    a.levels.push_back(l);
  }
}

void read_rest(reader& r, diffusers_config& c) {
  architecture& a = c.net;
  a.in_channels = r.count("in_channels", 3, 1);
  a.out_channels = r.count("out_channels", 3, 1);
  a.blocks = r.count("layers_per_block", 2, 1);
  a.centre_input = r.get<bool>("center_input_sample", false);
  a.middle_scale = r.get<double>("mid_block_scale_factor", 1);
  if (a.middle_scale == 0) r.refuse("mid_block_scale_factor", "got 0, need another number");
  // A key of later versions, in which null stands for none.
  const auto middle = r.get<std::string>("mid_block_type", "UNetMidBlock2D");
  if (middle != "UNetMidBlock2D") r.refuse("mid_block_type", fmt::format("got '{}', need UNetMidBlock2D", middle));
  a.middle_attention = r.get<bool>("add_attention", true);
  a.downsample_padding = r.get<std::int64_t>("downsample_padding", 1);
  if (a.downsample_padding < 0 || a.downsample_padding > 1)
    r.refuse("downsample_padding", fmt::format("got {}, need 0 or 1", a.downsample_padding));
  a.dropout = r.get<double>("dropout", 0);
  if (!(a.dropout >= 0 && a.dropout < 1)) r.refuse("dropout", fmt::format("got {}, need a value in [0, 1)", a.dropout));
  const auto act = r.get<std::string>("act_fn", "silu");
  if (const auto it = activation_names.find(act); it != activation_names.end())
    a.act = it->second;
  else
    r.refuse("act_fn", fmt::format("got '{}', need silu, swish, gelu or relu", act));
  a.head_channels = r.get<std::int64_t>("attention_head_dim", 8, 0);
  if (a.head_channels < 0) r.refuse("attention_head_dim", fmt::format("got {}, need at least 1", a.head_channels));
  a.groups = r.count("norm_num_groups", 32, 1);
  a.eps = r.get<double>("norm_eps", 1e-5);
  if (!(a.eps >= 0)) r.refuse("norm_eps", fmt::format("got {}, need at least 0", a.eps));
  const auto shift = r.get<std::string>("resnet_time_scale_shift", "default");
  if (shift != "default" && shift != "scale_shift")
    r.refuse("resnet_time_scale_shift", fmt::format("got '{}', need default or scale_shift", shift));
  a.scale_shift = shift == "scale_shift";
  a.middle_groups = r.get<std::int64_t>("attn_norm_num_groups", 0, 0);
  c.middle_groups_unsaid = a.middle_groups == 0 && a.scale_shift;
  if (a.middle_groups < 1) a.middle_groups = a.groups;
}

}

diffusers_config read_config(const std::filesystem::path& file) {
  noneq::config::problems found;
  diffusers_config c;
  found.guard([&] {
    reader r(file, found);
    if (const auto name = r.get<std::string>("_class_name", "UNet2DModel"); name != "UNet2DModel")
      throw noneq::error(fmt::format("got '{}', need UNet2DModel", one_line(name)), "_class_name",
                         {file.string(), 0, 0});
    c.version = r.get<std::string>("_diffusers_version", "0.30.0");
    r.raw("sample_size");  // any size will do
    read_levels(r, c.net);
    read_time(r, c.net);
    read_classes(r, c.net);
    read_rest(r, c);
    r.refuse_unknown();
  });
  if (found.empty()) found.guard([&] { check(c.net); }, {file.string(), 0, 0});
  found.raise();
  return c;
}

}
