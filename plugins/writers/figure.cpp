// The figures of Sohl-Dickstein et al. 2015, drawn by gnuplot: how noise takes data apart and the model puts it
// together again, and curves over t.
#include "curves.hpp"
#include "raster.hpp"
#include "scatter.hpp"

struct figure : noneq::writer, noneq::figure_style {
  std::unique_ptr<noneq::sink> open(const noneq::writing& w) const override {
    noneq::gnuplot::need();
    if (draw == "curves") return std::make_unique<noneq::curves_sink>(*this, w, path(w));
    if (draw == "raster") return std::make_unique<noneq::raster_sink>(*this, w, path(w));
    return std::make_unique<noneq::scatter_sink>(*this, w, path(w));
  }

  void check() const override {
    if (file.extension() != ".png")
      throw noneq::error("file got '" + file.string() + "', need a name that ends in .png");
  }

  static void describe(noneq::description<figure>& d) {
    d.doc("Draws samples on their way from noise to data, or curves over t, with gnuplot.")
        .param("draw", &figure::draw,
               "scatter: points in the plane, forward, reverse and drift; raster: sequences as rows of pixels; "
               "curves: every array of length T against t, one named …_stderr as a band around its own",
               noneq::one_of({"scatter", "raster", "curves"}))
        .param("count", &figure::count, "samples to draw; 0: 2000 points or 40 sequences", noneq::between(0, 1e5))
        .param("title", &figure::title, "what stands above the figure")
        .param("unit", &figure::unit, "curves: what the y axis measures, e.g. 'KL / bits'");
  }
};

NONEQ_PLUGIN(figure);
