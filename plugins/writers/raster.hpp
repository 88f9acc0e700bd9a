// Sequences as rows of pixels at several times, forward above and reverse below, as in figure 2 of Sohl-Dickstein et
// al. 2015.
#pragma once

#include "frames.hpp"

namespace shipped {

class raster_sinking : public frames_sinking {
 public:
  raster_sinking(const figure_style& of, const noneq::writing& w, std::filesystem::path file)
      : frames_sinking(of, w, std::move(file), 40) {}

  static void check_sample(const noneq::sizes& sample) {
    if (sample.size() != 1 && !(sample.size() == 2 && sample[0] == 1))
      throw noneq::error("draw: raster got samples of shape " + noneq::to_string(sample) +
                         ", need sequences, [L] or [1, L]; writer.png draws images");
  }

 private:
  void check_shape(const noneq::sizes& sample) const override { check_sample(sample); }

  void draw(const noneq::Tensor& frames, const std::vector<std::size_t>& columns) override {
    const noneq::Tensor reverse = frames.flatten(2);  // [n, F, L]
    std::vector<std::string> rows{"reverse"};
    if (w_.pass) rows = {"forward", "reverse"};
    // Black and white are the extremes of clean sequences, so that noise beyond them saturates.
    const noneq::Tensor clean = w_.pass ? forward(0) : reverse.select(1, static_cast<std::int64_t>(columns.front()));
    const double low = clean.min().item<double>(), high = clean.max().item<double>();

    const std::int64_t n = reverse.size(0), length = reverse.size(2);
    const std::int64_t pixel =
        std::clamp<std::int64_t>(900 / (static_cast<std::int64_t>(columns.size()) * length), 1, 9);
    const std::int64_t panel_width = std::max<std::int64_t>(pixel * length, 90),
                       panel_height = std::max<std::int64_t>(pixel * n, 90);
    constexpr std::int64_t gap = 18, left = 40, right = 16, bottom = 14;
    const std::int64_t top = of_.title.empty() ? 32 : 60;
    const auto across = static_cast<std::int64_t>(columns.size()), down = static_cast<std::int64_t>(rows.size());
    const std::int64_t width = left + right + across * panel_width + (across - 1) * gap;
    const std::int64_t height = bottom + top + down * panel_height + (down - 1) * gap;
    gnuplot g(width, height);
    begin_panels(g, rows.size(), columns.size(), width, height, left, right, bottom, top, gap);
    put_title(g);
    g.script << "unset key\nunset colorbox\nunset tics\nset palette gray negative\n"
             << "set cbrange [" << low << ":" << (high > low ? high : low + 1) << "]\n"
             << "set xrange [-0.5:" << length - 0.5 << "]\n";
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (c == 0)
          g.script << "set ylabel '" << rows[r] << "' font ',13'\n";
        else
          g.script << "unset ylabel\n";
        if (r == 0)
          g.script << "set title 't = " << time(columns[c]) << "' offset 0,-0.6 font ',13'\n";
        else
          g.script << "unset title\n";
        const noneq::Tensor image = rows[r] == "forward" ? forward(time(columns[c])).flatten(1)
                                                         : reverse.select(1, static_cast<std::int64_t>(columns[c]));
        g.script << "set yrange [" << image.size(0) - 0.5 << ":-0.5]\nplot " << g.data(image)
                 << " matrix with image pixels\n";
        if (c == 0) g.script << "unset label 100\n";
      }
    g.script << "unset multiplot\n";
    g.draw(file_);
  }
};

}
