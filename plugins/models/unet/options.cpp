#include "options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace shipped::unet {
namespace {

using nlohmann::json;

template <class Field>
json each_level(const architecture& a, Field field) {
  json all = json::array();
  for (const level& l : a.levels) all.push_back(field(l));
  return all;
}

constexpr std::array padding_words{"zeros", "circular", "reflect"};

json words_of(const noneq::compute::paddings& p) {
  json words = json::array();
  for (const noneq::compute::padding one : p) words.push_back(padding_words.at(static_cast<std::size_t>(one)));
  return words;
}

// The parameters that describe an architecture, by their names, to be compared.
json said(const architecture& a) {
  return {{"channels", each_level(a, [](const level& l) { return l.channels; })},
          {"blocks", a.blocks},
          {"attention", each_level(a, [](const level& l) { return l.down_attention; })},
          {"middle_attention", a.middle_attention},
          {"heads", each_level(a, [&](const level& l) { return a.heads_of(l.channels); })},
          {"scale_shift", a.scale_shift},
          {"groups", a.groups},
          {"eps", a.eps},
          {"activation", static_cast<int>(a.act)},
          {"resample", each_level(a, [](const level& l) { return l.down_residual; })},
          {"downsample_padding", a.downsample_padding},
          {"padding", words_of(a.padding)},
          {"frequency_shift", a.frequency_shift},
          {"cosine_first", a.cosine_first}};
}

void need_agreement(const architecture& mine, const architecture& standard, const architecture& theirs) {
  const json m = said(mine), s = said(standard), t = said(theirs);
  for (const auto& [name, v] : m.items())
    if (v != s[name] && v != t[name])
      throw noneq::error(fmt::format("got {}, but the folder of `from` has {}; leave it out", v.dump(), t[name].dump()),
                         name);
}

void need_data(const noneq::network_signature& s) {
  if (s.shape.size() != 2 && s.shape.size() != 3)
    throw noneq::error(
        fmt::format("got samples of shape {}, need [C, H, W] or [C, L]; {{plugin: transform.channels, from: none}} "
                    "behind the loader makes one",
                    noneq::to_string(s.shape)));
}

noneq::compute::paddings paddings_of(const std::vector<std::string>& words, const noneq::network_signature& s) {
  const std::size_t axes = s.shape.size() - 1;
  if (words.size() != 1 && words.size() != axes)
    throw noneq::error(fmt::format("got {} words, need one, or one for each of {} axes", words.size(), axes),
                       "padding");
  noneq::compute::paddings p{};
  for (std::size_t k = 0; k < axes; ++k) {
    const auto word = std::find(padding_words.begin(), padding_words.end(), words[words.size() == 1 ? 0 : k]);
    p[k + 2 - axes] = static_cast<noneq::compute::padding>(word - padding_words.begin());
  }
  return p;
}

void need_equal(const char* what, std::int64_t got, std::int64_t need) {
  if (got != need) throw noneq::error(fmt::format("got a network with {} {}, need {}", got, what, need), "from");
}

}

void options::check_alone() const {
  if (multipliers.empty() || multipliers.size() > 30)
    throw noneq::error(fmt::format("got {} levels, need 1 to 30", multipliers.size()), "multipliers");
  check_conditions();
  if (from.empty()) own({{1, 1, 1}, 1, 1, 0});
  opened();
}

std::optional<diffusers_folder> options::opened() const {
  if (from.empty()) return {};
  return open_folder(from);
}

architecture options::own(const noneq::network_signature& s) const {
  architecture a;
  for (const std::int64_t m : multipliers) {
    const bool inside = resample == "residual";
    a.levels.push_back({.channels = channels * m, .down_residual = inside, .up_residual = inside});
  }
  a.blocks = blocks;
  a.heads = heads;
  a.head_channels = head_channels;
  a.groups = a.middle_groups = fitting_groups(a, groups);
  a.middle_attention = middle_attention;
  a.scale_shift = scale_shift;
  a.eps = eps;
  a.dropout = dropout;
  a.act = activation == "gelu"   ? noneq::compute::activation::gelu
          : activation == "relu" ? noneq::compute::activation::relu
                                 : noneq::compute::activation::silu;
  a.downsample_padding = downsample_padding;
  a.padding = paddings_of(padding, s);
  a.frequency_shift = frequency_shift;
  a.cosine_first = cosine_first;
  if (time_range > 0 && s.T > 0) a.time_scale = static_cast<double>(time_range) / static_cast<double>(s.T);
  a.in_channels = s.shape[0] * (self_conditioning ? 2 : 1);
  a.out_channels = s.shape[0] * s.outputs;
  if (s.classes > 0) a.class_rows = s.classes + (no_class ? 1 : 0);
  check(a);
  return a;
}

// Attention stands at sizes; which levels have them depends on the data.
static void place_attention(architecture& a, const noneq::sizes& wanted, const noneq::network_signature& s) {
  std::int64_t longer = *std::max_element(s.shape.begin() + 1, s.shape.end());
  noneq::sizes there;
  for (level& l : a.levels) {
    there.push_back(longer);
    l.down_attention = l.up_attention = std::find(wanted.begin(), wanted.end(), longer) != wanted.end();
    longer = (longer + 1) / 2;
  }
  for (const std::int64_t n : wanted)
    if (std::find(there.begin(), there.end(), n) == there.end())
      throw noneq::error(fmt::format("got {}, need a size of a level: {}", n, fmt::join(there, ", ")), "attention");
}

architecture options::architecture_for(const noneq::network_signature& s,
                                       const std::optional<diffusers_folder>& folder) const {
  need_data(s);
  if (no_class && s.classes == 0) throw noneq::error("got true, need data with labels, or leave it out", "no_class");
  architecture a = own(s);
  const conditioning given(*this, s, false);
  a.in_channels += given.channels();
  a.vector_size = given.numbers();
  if (folder && a.vector_size > 0)
    throw noneq::error("got vectors beside the folder of `from`, whose network reads none; need fields", "condition");
  if (!folder) {
    place_attention(a, attention, s);
    check(a);
    return a;
  }
  if (!attention.empty()) place_attention(a, attention, s);
  architecture theirs = folder->config.net;
  need_agreement(a, options{}.own(s), theirs);
  if (dropout > 0) theirs.dropout = dropout;
  need_equal("channels in", theirs.in_channels, a.in_channels);
  if (s.outputs == 0) return theirs;
  need_equal("channels out", theirs.out_channels, a.out_channels);
  if (!theirs.class_sinusoids || s.classes == 0) need_equal("labels", theirs.class_rows, a.class_rows);
  if (theirs.class_sinusoids && s.classes == 0)
    throw noneq::error("got a network with labels, need data with labels", "from");
  return theirs;
}

}
