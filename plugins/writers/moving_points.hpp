// Points in the plane, drawn by gnuplot in axes that stay where they are from picture to picture.
#pragma once

#include "gnuplot.hpp"
#include "plane.hpp"

namespace shipped {

struct moving_points {
  window ends;
  noneq::Tensor offset;

  static constexpr std::int64_t side = 480;  // of the picture, in pixels

  // The axes hold the points of both pictures, [n, 2].
  moving_points(const noneq::Tensor& first, const noneq::Tensor& last)
      : ends(window_around(at::cat({first, last}))), offset(offset_of(ends)) {}

  // Draws points [n, 2] into the picture that the script has begun.
  void draw(gnuplot& g, const noneq::Tensor& points, const std::string& title) const {
    g.script << axes_of(ends, offset) << "unset key\nset size square\nset title " << gnuplot::quoted(title)
             << " noenhanced font ',13'\nset xlabel " << gnuplot::quoted(note_of(offset)) << " noenhanced\nplot "
             << g.data(points - offset) << " using 1:2 with points pt 7 ps 0.28 lc rgb '#60c0392b'\n";
  }
};

}
