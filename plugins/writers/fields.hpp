// Fields of any number of channels in one picture: a panel a channel, each with all samples, a colour map and its
// scale.
#pragma once

#include "axis.hpp"
#include "gnuplot.hpp"
#include "sample_grid.hpp"

namespace shipped {

// Returns whether samples of this shape are drawn as fields: where the parameter `draw` is fields, or auto and the
// samples have another number of channels than pictures have.
inline bool draws_fields(const std::string& draw, const noneq::sizes& sample) {
  return draw == "fields" || (draw == "auto" && sample.size() == 3 && !sample_grid::is_image(sample));
}

// Returns samples [n, L], [n, H, W] or [n, C, H, W] as fields, float64 [n, C, H, W].
inline noneq::Tensor as_fields(const noneq::Tensor& x) {
  const noneq::Tensor all = x.detach().to(at::kCPU, at::kDouble);
  return all.dim() == 4 ? all : all.view({all.size(0), 1, all.dim() == 2 ? 1 : all.size(1), all.size(-1)});
}

// The layout of n samples of C channels of H by W values, in pixels.
struct fields_layout {
  std::int64_t across, down;              // samples in a panel
  std::int64_t values_wide, values_high;  // of a panel; between samples is a gap of one value
  std::int64_t pixel;                     // side of the square that stands for one value
  std::int64_t panels_across, panels_down;

  static constexpr std::int64_t margin = 14, title = 26, scale = 112, largest = 30000;

  fields_layout(std::int64_t n, std::int64_t C, std::int64_t H, std::int64_t W, std::int64_t wanted_pixel) {
    across = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
    down = (n + across - 1) / across;
    values_wide = across * (W + 1) - 1;
    values_high = down * (H + 1) - 1;
    const std::int64_t longest = std::max(values_wide, values_high);
    pixel = wanted_pixel > 0 ? wanted_pixel : std::clamp<std::int64_t>((420 + longest / 2) / longest, 1, 32);
    panels_across = std::clamp<std::int64_t>(1500 / (panel_width() + scale), 1, C);
    panels_down = (C + panels_across - 1) / panels_across;
  }

  std::int64_t panel_width() const { return values_wide * pixel; }
  std::int64_t panel_height() const { return std::max<std::int64_t>(values_high * pixel, 60); }
  std::int64_t width() const { return margin + panels_across * (panel_width() + scale); }
  std::int64_t height() const { return margin + panels_down * (panel_height() + title); }

  // Throws noneq::error when no picture can be so large.
  void check() const {
    if (width() > largest || height() > largest)
      throw noneq::error(c10::str("got fields for a picture of ", width(), " by ", height(), " pixels, need at most ",
                                  largest, " each way: a lower count or pixel"));
  }
};

// One channel of all samples [n, H, W] side by side, NaN between them: float64 [values_high, values_wide].
inline noneq::Tensor mosaic(const noneq::Tensor& channel, const fields_layout& l) {
  const std::int64_t n = channel.size(0), H = channel.size(1), W = channel.size(2);
  noneq::Tensor all = at::full({l.down * (H + 1), l.across * (W + 1)}, std::nan(""), at::kDouble);
  for (std::int64_t i = 0; i < n; ++i)
    all.narrow(0, i / l.across * (H + 1), H).narrow(1, i % l.across * (W + 1), W).copy_(channel[i]);
  return all.slice(0, 0, l.values_high).slice(1, 0, l.values_wide);
}

// The values at the two ends of the colour map of each channel of x [n, C, H, W]: `range`, or where it is empty the
// extremes of the channel.
inline std::vector<std::vector<double>> ranges_of_channels(const noneq::Tensor& x, const std::vector<double>& range) {
  std::vector<std::vector<double>> all;
  for (std::int64_t c = 0; c < x.size(1); ++c) {
    std::vector<double> r = range.empty() ? ends_of(x.select(1, c)) : range;
    const double wider = 1e-6 * std::max(std::abs(r[0]), std::abs(r[1]));  // rounding must not make it empty
    if (r[1] - r[0] < wider) r[0] -= wider, r[1] += wider;
    all.push_back(std::move(r));
  }
  return all;
}

// Draws x float64 [n, C, H, W] into the picture that the script has begun. Numbers that are not finite stay white.
inline void draw_fields(gnuplot& g, const noneq::Tensor& x, const fields_layout& l,
                        const std::vector<std::vector<double>>& ranges, const std::string& title = "") {
  const auto width = static_cast<double>(l.width()), height = static_cast<double>(l.height());
  g.script << "unset key\nunset border\nunset tics\nset multiplot\nset cbtics scale 0.4\n"
           << "set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 '#fde725')\n"
           << "set xrange [-0.5:" << static_cast<double>(l.values_wide) - 0.5 << "]\n"
           << "set yrange [" << static_cast<double>(l.values_high) - 0.5 << ":-0.5]\n";
  for (std::int64_t c = 0; c < x.size(1); ++c) {
    const double low = ranges[static_cast<std::size_t>(c)][0], high = ranges[static_cast<std::size_t>(c)][1];
    const auto left = static_cast<double>(fields_layout::margin + c % l.panels_across * (l.panel_width() + l.scale));
    const auto top = static_cast<double>(c / l.panels_across * (l.panel_height() + l.title) + l.title);
    const double right = left + static_cast<double>(l.panel_width()),
                 bottom = top + static_cast<double>(l.values_high * l.pixel);
    g.script << "set lmargin at screen " << left / width << "\nset rmargin at screen " << right / width
             << "\nset tmargin at screen " << 1 - top / height << "\nset bmargin at screen " << 1 - bottom / height
             << "\nset label 1 'channel " << c << title << "' at screen " << left / width << ", screen "
             << 1 - (top - 13) / height << " left font ',12'\n"
             << "set colorbox user origin screen " << (right + 8) / width << ", screen " << 1 - bottom / height
             << " size screen " << 12 / width << ", screen " << (bottom - top) / height << "\n"
             << "set cbrange [" << low << ":" << high << "]\nset format cb '" << format_of_marks(low, high) << "'\n"
             << "plot " << g.matrix(mosaic(x.select(1, c), l)) << " with image\nunset label 1\n";
  }
  g.script << "unset multiplot\n";
}

}
