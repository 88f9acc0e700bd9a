#include "noneq/app/report/sample_pictures.hpp"

#include <fmt/format.h>

#include "noneq/app/report/embedding.hpp"
#include "noneq/storage/png.hpp"

namespace noneq::app {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t most_sampled_points = 1200, most_images = 64, most_fields = 16, most_sequences = 48;

std::int64_t numbers_in(const sizes& shape) {
  std::int64_t n = 1;
  for (const auto d : shape) n *= d;
  return n;
}

bool is_colour(const sizes& s) { return s.size() == 3 && (s[0] == 1 || s[0] == 3); }
bool is_channels_last(const sizes& s) { return s.size() == 3 && !is_colour(s) && (s[2] == 1 || s[2] == 3); }
// Fields of many channels: a block of pictures for each.
bool is_fields(const sizes& s) { return s.size() == 3 && !is_colour(s) && !is_channels_last(s); }

// Returns samples [n, C, H, W] of any layout but points.
Tensor as_images(const Tensor& x, const sizes& s) {
  const std::int64_t n = x.size(0);
  if (s.size() == 1) return x.reshape({n, 1, 1, s[0]});
  if (s.size() == 2) return x.reshape({n, 1, s[0], s[1]});
  return is_channels_last(s) ? x.permute({0, 3, 1, 2}) : x;
}

Tensor with_gaps(const Tensor& images, double grey) { return at::constant_pad_nd(images, {1, 1, 1, 1}, grey); }

// uint8 [H, W] or [H, W, 3].
Tensor grid_of(const Tensor& samples, const sample_layout& l, const value_range& r) {
  Tensor x = samples.to(at::kDouble);
  if (l.members > 0) x = x.flatten(0, 1);
  const std::int64_t n = x.size(0);
  if (l.shape.size() == 1) return storage::image_grid(as_images(x, l.shape), 1, r.low[0], r.high[0]);
  const std::int64_t columns =
      l.members > 0 ? l.members : static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  const Tensor images = as_images(x, l.shape);
  const std::int64_t along = l.members > 0 ? 0 : 1;  // a line of members is wide already
  std::vector<Tensor> blocks;
  const std::int64_t channels = is_fields(l.shape) ? images.size(1) : 1;
  for (std::int64_t c = 0; c < channels; ++c) {
    const auto k = static_cast<std::size_t>(c);
    const Tensor one = is_fields(l.shape) ? images.narrow(1, c, 1) : images;
    const double grey = (r.low[k] + r.high[k]) / 2;
    blocks.push_back(storage::image_grid(with_gaps(one, grey), columns, r.low[k], r.high[k]));
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
  const std::int64_t all = is_fields(shape) ? most_fields : most_images;
  return members > 0 ? std::max<std::int64_t>(4, all / members) : all;
}

std::string sample_layout::note() const {
  std::string text;
  if (form == sample_form::points) return text;
  if (shape.size() == 1) text = "each line is a sequence";
  if (is_fields(shape))
    text = fmt::format("{} channels {}", shape[0], members > 0 ? "one below the other" : "side by side");
  if (members > 0) text += fmt::format("{}{} members of a row in a line", text.empty() ? "" : ", ", members);
  return text;
}

sample_layout layout_of(const sizes& row, const sizes& trained) {
  sample_layout l{sample_form::none, row, 0};
  const std::int64_t of_one = numbers_in(trained);
  if (!trained.empty() && row.size() > 1 && numbers_in(row) != of_one && numbers_in(row) == row[0] * of_one)
    l.members = std::min<std::int64_t>(row[0], 8), l.shape = sizes(row.begin() + 1, row.end());
  const bool flat = l.shape.size() == 1;
  if (l.shape == sizes{2})
    l.form = l.members == 0 ? sample_form::points : sample_form::none;
  else if ((flat && l.shape[0] > 2 && l.members == 0) || l.shape.size() == 2 ||
           (l.shape.size() == 3 && (!is_fields(l.shape) || l.shape[0] <= 4)))
    l.form = sample_form::picture;
  // A picture that is wider than any screen shows nothing.
  for (const auto side : l.shape)
    if (side > 1024) l.form = sample_form::none;
  return l;
}

value_range range_of(const Tensor& samples, const sample_layout& l, const std::vector<double>& known) {
  Tensor x = samples.to(at::kDouble);
  if (l.members > 0) x = x.flatten(0, 1);
  value_range r;
  const std::int64_t channels = is_fields(l.shape) ? l.shape[0] : 1;
  for (std::int64_t c = 0; c < channels; ++c) {
    const Tensor one = channels > 1 ? x.select(1, c) : x;
    const Tensor finite = one.masked_select(one.isfinite());
    double low = -1, high = 1;
    if (known.size() == 2)
      low = known[0], high = known[1];
    else if (finite.numel() > 0)
      low = finite.min().item<double>(), high = finite.max().item<double>();
    if (!(low < high)) low -= 1, high = low + 2;
    r.low.push_back(low), r.high.push_back(high);
  }
  return r;
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
