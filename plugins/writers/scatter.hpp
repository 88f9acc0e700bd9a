// Points in the plane on their way: the forward process, the reverse one, and the drift that the model adds, as in
// figure 1 of Sohl-Dickstein et al. 2015.
#pragma once

#include "frames.hpp"
#include "plane.hpp"

namespace shipped {

class scatter_sinking : public frames_sinking {
 public:
  scatter_sinking(const figure_style& of, const noneq::writing& w, std::filesystem::path file)
      : frames_sinking(of, w, std::move(file), 2000) {
    check_kernel(process().kernel->has_variance());
  }

  static void check_given(const noneq::writer_input& given) {
    check_kernel(given.variance);
    if (given.shape) check_sample(*given.shape);
  }

 private:
  static void check_kernel(bool variance) {
    if (!variance)
      throw noneq::error("draw: scatter got a kernel of discrete states, need a Gaussian one, or draw: raster");
  }

  static void check_sample(const noneq::sizes& sample) {
    if (sample != noneq::sizes{2})
      throw noneq::error("draw: scatter got samples of shape " + noneq::to_string(sample) +
                         ", need points in the plane, [2]");
  }

  void check_shape(const noneq::sizes& sample) const override { check_sample(sample); }

  // The model's change of x in one step back from t, on a grid: [n, 4] as x, y, dx, dy, stretched by `factor` so that
  // long arrows just reach the next point.
  noneq::Tensor drift(std::int64_t t, const window& s, double& factor) const {
    constexpr std::int64_t side = 15;
    const noneq::Tensor line = at::linspace(-1, 1, side + 2, at::kDouble).slice(0, 1, side + 1);
    const noneq::Tensor at = at::stack({line.repeat_interleave(side), line.repeat({side})}, 1) * s.half + s.centre;
    const noneq::Tensor x = normal().apply(at);
    const noneq::Tensor label = w_.info.classes > 0 ? at::zeros({x.size(0)}, at::kLong) : noneq::Tensor{};
    const auto p = w_.denoiser->predict(x, std::max<std::int64_t>(t, 1) - 1, {{"label", label}});
    const noneq::Tensor to = p.reverse.location.to(at::kDouble);
    const noneq::Tensor by = normal().affine()
                                 ? (p.reverse.location - x).to(at::kDouble) * normal().scale.to(at::kDouble)
                                 : normal().restore(to) - normal().restore(x.to(at::kDouble));
    const noneq::Tensor lengths = std::get<0>((by / s.half).norm(2, 1).sort());
    const double typical = lengths[lengths.size(0) * 9 / 10].item<double>();
    factor = typical > 0 ? 2. / (side + 1) / typical : 1;
    return at::cat({at - offset_, by * factor}, 1);
  }

  void draw(const noneq::Tensor& frames, const std::vector<std::size_t>& columns) override {
    const bool data = w_.pass != nullptr;
    std::vector<noneq::Tensor> all{frames.select(1, static_cast<std::int64_t>(columns.front())),
                                   frames.select(1, static_cast<std::int64_t>(columns.back()))};
    if (data) all.push_back(forward(0)), all.push_back(forward(time(columns.back())));
    for (noneq::Tensor& points : all) points = points.to(at::kDouble);
    const window s = window_around(at::cat(all));
    offset_ = offset_of(s);
    const std::string note = note_of(offset_);

    std::vector<std::string> rows{"reverse"};
    if (data) rows = {"forward", "reverse", "drift"};
    constexpr std::int64_t panel = 250, gap = 12, left = 82, right = 16;
    const std::int64_t bottom = (data ? 56 : 38) + (note.empty() ? 0 : 20);
    const std::int64_t top = of_.title.empty() ? 30 : 58;
    const auto across = static_cast<std::int64_t>(columns.size()), down = static_cast<std::int64_t>(rows.size());
    const std::int64_t width = left + right + across * panel + (across - 1) * gap;
    const std::int64_t height = bottom + top + down * panel + (down - 1) * gap;
    gnuplot g(width, height);
    begin_panels(g, rows.size(), columns.size(), width, height, left, right, bottom, top, gap);
    put_title(g);
    if (!note.empty())
      g.script << "set label 101 " << gnuplot::quoted(note)
               << " at screen 0.5, screen 0 offset 0,0.9 center noenhanced\n";
    g.script << axes_of(s, offset_) << "unset key\n";
    g.script << "set style line 1 pt 7 ps 0.28 lc rgb '#601f4e79'\nset style line 2 pt 7 ps 0.28 lc rgb '#60c0392b'\n"
             << "set style arrow 1 head filled size screen 0.006,18 lc rgb '#303030' lw 1\n";
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (std::size_t c = 0; c < columns.size(); ++c) {
        g.script << "set format x " << (r + 1 == rows.size() ? "'%g'" : "''") << "\nset format y "
                 << (c == 0 ? "'%g'" : "''") << "\n";
        if (c == 0)
          g.script << "set ylabel '" << rows[r] << "' offset 0.5,0 font ',13'\n";
        else
          g.script << "unset ylabel\n";
        if (r == 0)
          g.script << "set title 't = " << time(columns[c]) << "' offset 0,-0.6 font ',13'\n";
        else
          g.script << "unset title\n";
        panel_of(g, rows[r], frames, columns[c], s);
        if (c == 0) g.script << "unset label 100\nunset label 101\n";
      }
    g.script << "unset multiplot\n";
    g.draw(file_);
  }

  void panel_of(gnuplot& g, const std::string& row, const noneq::Tensor& frames, std::size_t column, const window& s) {
    if (row == "drift") {
      double factor = 1;
      const std::string arrows = g.data(drift(time(column), s, factor));
      std::ostringstream text;
      text.precision(factor >= 10 ? 6 : 2);
      text << "arrows × " << (factor >= 10 ? std::round(factor) : factor);
      g.script << "set xlabel '" << text.str() << "' offset 0,0.4\n"
               << "plot " << arrows << " using 1:2:3:4 with vectors arrowstyle 1\nunset xlabel\n";
    } else {
      const bool is_forward = row == "forward";
      const noneq::Tensor points =
          is_forward ? forward(time(column)) : frames.select(1, static_cast<std::int64_t>(column));
      g.script << "plot " << g.data(points.to(at::kDouble) - offset_) << " using 1:2 with points ls "
               << (is_forward ? 1 : 2) << "\n";
    }
  }

  noneq::Tensor offset_ = at::zeros({2}, at::kDouble);
};

}
