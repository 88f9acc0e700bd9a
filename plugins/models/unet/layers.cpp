#include "layers.hpp"

#include <fmt/format.h>

#include "noneq/compute/builder.hpp"

namespace shipped::unet {
namespace {

enum class resampling { no, down, up };

class assembly {
 public:
  assembly(const architecture& a, const noneq::sizes& space) : a_(a), build_(a.in_channels, space, a.padding) {}

  noneq::compute::network_layers all() && {
    time_ = build_.act(time_embedding(), a_.act);
    down(build_.conv(0, "conv_in", a_.levels.front().channels));
    noneq::compute::value_id h = up(middle(skips_.back()));
    h = build_.norm(h, "conv_norm_out", a_.groups, a_.eps, true);
    return std::move(build_).finish(build_.conv(h, "conv_out", a_.out_channels, noneq::compute::start::zero));
  }

 private:
  noneq::compute::value_id time_embedding() {
    const std::int64_t n = a_.levels.front().channels;
    noneq::compute::sinusoid_layer how{noneq::compute::none, false, a_.cosine_first,
                                       a_.frequency_shift,   10000, a_.time_scale};
    const noneq::compute::value_id t =
        a_.learned_times > 0 ? build_.table("time_proj.weight", a_.learned_times, n, true) : build_.sinusoids(n, how);
    noneq::compute::value_id e = two_linear(t, "time_embedding", 4 * n);
    if (a_.vector_size > 0) e = build_.add(e, two_linear(build_.vector(a_.vector_size), "vector_embedding", 4 * n));
    if (!a_.has_classes()) return e;
    if (!a_.class_sinusoids) return build_.add(e, build_.table("class_embedding.weight", a_.class_rows, 4 * n, false));
    how.of_label = true;
    how.scale = 1;
    return build_.add(e, two_linear(build_.sinusoids(n, how), "class_embedding", 4 * n));
  }

  noneq::compute::value_id two_linear(noneq::compute::value_id in, const std::string& name, std::int64_t n) {
    const noneq::compute::value_id h =
        build_.act(build_.linear(in, name + ".linear_1", n), noneq::compute::activation::silu);
    return build_.linear(h, name + ".linear_2", n);
  }

  void down(noneq::compute::value_id h) {
    skips_.push_back(h);
    for (std::size_t i = 0; i < a_.levels.size(); ++i) {
      const level& l = a_.levels[i];
      const std::string block = fmt::format("down_blocks.{}", i);
      for (std::int64_t j = 0; j < a_.blocks; ++j) {
        h = residual(h, fmt::format("{}.resnets.{}", block, j), l.channels);
        if (l.down_attention) h = attention(h, fmt::format("{}.attentions.{}", block, j), a_.groups);
        skips_.push_back(h);
      }
      sizes_.push_back(build_.shape(h));
      if (i + 1 == a_.levels.size()) break;
      const std::string name = block + ".downsamplers.0";
      h = l.down_residual ? residual(h, name, l.channels, resampling::down)
                          : build_.halve(h, name + ".conv", a_.downsample_padding);
      skips_.push_back(h);
    }
  }

  noneq::compute::value_id middle(noneq::compute::value_id h) {
    const std::int64_t channels = a_.levels.back().channels;
    const double scale = 1 / a_.middle_scale;
    h = residual(h, "mid_block.resnets.0", channels, resampling::no, scale);
    if (a_.middle_attention) h = attention(h, "mid_block.attentions.0", a_.middle_groups, scale);
    return residual(h, "mid_block.resnets.1", channels, resampling::no, scale);
  }

  noneq::compute::value_id up(noneq::compute::value_id h) {
    const std::size_t count = a_.levels.size();
    for (std::size_t i = count; i-- > 0;) {
      const level& l = a_.levels[i];
      const std::string block = fmt::format("up_blocks.{}", count - 1 - i);
      for (std::int64_t j = 0; j <= a_.blocks; ++j) {
        h = residual(build_.concat(h, skips_.back()), fmt::format("{}.resnets.{}", block, j), l.channels);
        skips_.pop_back();
        if (l.up_attention) h = attention(h, fmt::format("{}.attentions.{}", block, j), a_.groups);
      }
      if (i == 0) break;
      const std::string name = block + ".upsamplers.0";
      target_ = sizes_[i - 1];
      h = l.up_residual ? residual(h, name, l.channels, resampling::up)
                        : build_.conv(build_.upsample(h, target_), name + ".conv", l.channels);
    }
    return h;
  }

  noneq::compute::value_id norm_and_act(noneq::compute::value_id h, const std::string& name,
                                        noneq::compute::value_id modulation = noneq::compute::none) {
    const bool silu = a_.act == noneq::compute::activation::silu;
    h = build_.norm(h, name, a_.groups, a_.eps, silu, modulation);
    return silu ? h : build_.act(h, a_.act);
  }

  noneq::compute::value_id resampled(noneq::compute::value_id h, resampling r) {
    if (r == resampling::down) return build_.pool(h);
    return r == resampling::up ? build_.upsample(h, target_) : h;
  }

  noneq::compute::value_id residual(noneq::compute::value_id in, const std::string& name, std::int64_t channels,
                                    resampling r = resampling::no, double scale = 1) {
    noneq::compute::value_id h = resampled(norm_and_act(in, name + ".norm1"), r);
    const noneq::compute::value_id x = resampled(in, r);
    h = build_.conv(h, name + ".conv1", channels);
    const noneq::compute::value_id shift =
        build_.linear(time_, name + ".time_emb_proj", a_.scale_shift ? 2 * channels : channels);
    if (!a_.scale_shift) h = build_.add(h, shift);
    h = norm_and_act(h, name + ".norm2", a_.scale_shift ? shift : noneq::compute::none);
    h = build_.conv(build_.dropout(h, a_.dropout), name + ".conv2", channels, noneq::compute::start::zero);
    const bool same = build_.shape(x).channels == channels;
    return build_.add(same ? x : build_.pixelwise(x, name + ".conv_shortcut", channels), h, scale);
  }

  noneq::compute::value_id attention(noneq::compute::value_id in, const std::string& name, std::int64_t groups,
                                     double scale = 1) {
    const std::int64_t channels = build_.shape(in).channels;
    const noneq::compute::value_id h = groups > 0 ? build_.norm(in, name + ".group_norm", groups, a_.eps, false) : in;
    const noneq::compute::value_id q = build_.linear(h, name + ".to_q", channels),
                                   k = build_.linear(h, name + ".to_k", channels),
                                   v = build_.linear(h, name + ".to_v", channels);
    const noneq::compute::value_id mixed = build_.attention(q, k, v, a_.heads_of(channels));
    return build_.add(in, build_.linear(mixed, name + ".to_out.0", channels, noneq::compute::start::zero), scale);
  }

  const architecture& a_;
  noneq::compute::builder build_;
  noneq::compute::value_id time_ = noneq::compute::none;
  noneq::compute::value_shape target_{};            // the shape that the next step up must meet
  std::vector<noneq::compute::value_shape> sizes_;  // of each level
  std::vector<noneq::compute::value_id> skips_;
};

}

noneq::compute::network_layers layers(const architecture& a, const noneq::sizes& space) {
  check(a);
  check_padding(a, space);
  return assembly(a, space).all();
}

}
