#include "noneq/app/report/sample_pictures.hpp"

#include <fmt/format.h>

#include "noneq/app/report/embedding.hpp"
#include "noneq/storage/png.hpp"

namespace noneq::app {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t most_sampled_points = 1200, most_images = 64, most_fields = 16, most_sequences = 48,
                       most_blocks = 4, most_channels = 64;

std::int64_t numbers_in(const sizes& shape) {
  std::int64_t n = 1;
  for (const auto d : shape) n *= d;
  return n;
}

bool is_colour(const sizes& s) { return s.size() == 3 && (s[0] == 1 || s[0] == 3); }
bool is_channels_last(const sizes& s) { return s.size() == 3 && !is_colour(s) && (s[2] == 1 || s[2] == 3); }
// Several channels that are no colours: a block of pictures for each.
bool has_blocks(const sample_layout& l) {
  return l.shape.size() == 3 && !is_channels_last(l.shape) && (l.coloured ? l.shape[0] > 1 : !is_colour(l.shape));
}
std::int64_t blocks_of(const sample_layout& l) { return has_blocks(l) ? std::min(l.shape[0], most_blocks) : 1; }

// Returns samples [n, C, H, W] of any layout but points.
Tensor as_images(const Tensor& x, const sizes& s) {
  const std::int64_t n = x.size(0);
  if (s.size() == 1) return x.reshape({n, 1, 1, s[0]});
  if (s.size() == 2) return x.reshape({n, 1, s[0], s[1]});
  return is_channels_last(s) ? x.permute({0, 3, 1, 2}) : x;
}

// One channel of images [n, 1, H, W], or all three of colours, in the colours of the page: uint8 [n, 1 or 3, H, W].
Tensor in_colours(const Tensor& images, const sample_layout& l, const value_range::ends& e) {
  if (!l.coloured) return ((images - e.low) * (255 / (e.high - e.low))).clamp(0, 255).nan_to_num(0.).round();
  return coloured(images.squeeze(1), e.low, e.high, e.map).transpose(0, 1).to(at::kDouble);
}

// uint8 [H, W] or [H, W, 3].
Tensor grid_of(const Tensor& samples, const sample_layout& l, const value_range& r) {
  Tensor x = samples.to(at::kDouble);
  if (l.members > 0) x = x.flatten(0, 1);
  const std::int64_t n = x.size(0);
  const Tensor images = as_images(x, l.shape);
  if (l.shape.size() == 1) return storage::image_grid(in_colours(images, l, r.channels[0]), 1, 0, 255);
  const std::int64_t columns =
      l.members > 0 ? l.members : static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  const std::int64_t along = l.members > 0 ? 0 : 1;  // a line of members is wide already
  std::vector<Tensor> blocks;
  const std::int64_t channels = blocks_of(l);
  for (std::int64_t c = 0; c < channels; ++c) {
    const Tensor one = has_blocks(l) ? images.narrow(1, c, 1) : images;
    const Tensor framed =
        at::constant_pad_nd(in_colours(one, l, r.channels[static_cast<std::size_t>(c)]), {1, 1, 1, 1}, 128);
    blocks.push_back(storage::image_grid(framed, columns, 0, 255));
    if (c + 1 == channels) break;
    sizes between = blocks[0].sizes().vec();
    between[static_cast<std::size_t>(along)] = 6;
    blocks.push_back(at::full(between, 128, at::kByte));
  }
  return blocks.size() == 1 ? blocks[0] : at::cat(blocks, along);
}

ordered_json points_of(const Tensor& samples) {
  const Tensor x = samples.to(at::kDouble).contiguous();
  ordered_json all = ordered_json::array();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double v = x.data_ptr<double>()[i];
    all.push_back(std::isfinite(v) ? ordered_json(std::strtod(fmt::format("{:.4g}", v).c_str(), nullptr)) : nullptr);
  }
  return all;
}

}

std::int64_t sample_layout::count() const {
  if (form == sample_form::points) return most_sampled_points;
  if (shape.size() == 1) return most_sequences;
  const std::int64_t all = has_blocks(*this) ? most_fields : most_images;
  return members > 0 ? std::max<std::int64_t>(4, all / members) : all;
}

std::string sample_layout::note() const {
  std::string text;
  if (form == sample_form::points) return text;
  if (shape.size() == 1) text = "each line is a sequence";
  if (has_blocks(*this))
    text =
        fmt::format("{}{} channels {}", blocks_of(*this) < shape[0] ? fmt::format("the first {} of ", most_blocks) : "",
                    shape[0], members > 0 ? "one below the other" : "side by side");
  if (members > 0) text += fmt::format("{}{} {} of a row in a line", text.empty() ? "" : ", ", members, of);
  return text;
}

bool are_fields(const Tensor& numbers, const std::vector<double>& known) {
  if (known.size() == 2 || !numbers.is_floating_point()) return false;
  const Tensor x = numbers.to(at::kDouble), finite = x.masked_select(x.isfinite());
  return !finite.equal(finite.round());
}

sample_layout layout_of(const sizes& row, const sizes& trained, bool coloured) {
  sample_layout l{sample_form::none, row, 0, coloured};
  const std::int64_t of_one = numbers_in(trained);
  if (!trained.empty() && row.size() > 1 && numbers_in(row) != of_one && numbers_in(row) == row[0] * of_one)
    l.members = std::min<std::int64_t>(row[0], 8), l.shape = sizes(row.begin() + 1, row.end());
  const bool flat = l.shape.size() == 1;
  if (l.shape == sizes{2})
    l.form = l.members == 0 ? sample_form::points : sample_form::none;
  else if ((flat && l.shape[0] > 2 && l.members == 0) || l.shape.size() == 2 ||
           (l.shape.size() == 3 && (is_colour(l.shape) || is_channels_last(l.shape) || l.shape[0] <= most_channels)))
    l.form = sample_form::picture;
  if (is_channels_last(l.shape) && l.shape[2] == 3) l.coloured = false;
  // A picture that is wider than any screen shows nothing.
  for (const auto side : l.shape)
    if (side > 1024) l.form = sample_form::none;
  return l;
}

value_range range_of(const Tensor& samples, const sample_layout& l, const std::vector<double>& known) {
  Tensor x = samples.to(at::kDouble);
  if (l.members > 0) x = x.flatten(0, 1);
  value_range r;
  const std::int64_t channels = blocks_of(l);
  for (std::int64_t c = 0; c < channels; ++c) {
    const Tensor one = has_blocks(l) ? x.select(1, c) : x;
    const Tensor finite = one.masked_select(one.isfinite());
    double low = -1, high = 1;
    if (known.size() == 2)
      low = known[0], high = known[1];
    else if (finite.numel() > 0)
      low = finite.min().item<double>(), high = finite.max().item<double>();
    if (!(low < high)) low -= 1, high = low + 2;
    // Few numbers of the other sign, as noise around 0 brings them, are no second side.
    const bool both = l.coloured && std::min(-low, high) > 0.1 * std::max(-low, high);
    if (both) high = std::max(-low, high), low = -high;
    r.channels.push_back({low, high, both ? colour_map::diverging : colour_map::rising});
  }
  return r;
}

ordered_json scales_of(const sample_layout& l, const value_range& range, const std::string& unit) {
  ordered_json all = ordered_json::array();
  if (!l.coloured || l.form != sample_form::picture) return all;
  for (std::size_t c = 0; c < range.channels.size(); ++c) {
    const value_range::ends& e = range.channels[c];
    all.push_back({{"name", range.channels.size() > 1 ? fmt::format("channel {}", c) : ""},
                   {"low", e.low},
                   {"high", e.high},
                   {"unit", unit},
                   {"colours", colours_of(e.map)}});
  }
  return all;
}

ordered_json frame_of(const std::string& label, const Tensor& samples, const sample_layout& l, const value_range& range,
                      const std::string& what, page_budget& budget) {
  if (l.form == sample_form::points) {
    ordered_json xy = points_of(samples);
    if (!budget.take(what, 7 * static_cast<std::int64_t>(xy.size()))) return nullptr;
    return {{"label", label}, {"xy", std::move(xy)}};
  }
  const Tensor grid = grid_of(samples, l, range);
  std::string uri = png_uri(storage::png_bytes(what, grid.contiguous()));
  if (!budget.take(what, static_cast<std::int64_t>(uri.size()))) return nullptr;
  return {{"label", label}, {"src", std::move(uri)}, {"width", grid.size(1)}, {"height", grid.size(0)}};
}

}
