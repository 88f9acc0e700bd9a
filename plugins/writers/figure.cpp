// The figures of Sohl-Dickstein et al. 2015, drawn by gnuplot: how noise takes data apart and the model puts it
// together again, and curves over t.
#include "curves.hpp"
#include "raster.hpp"
#include "scatter.hpp"

struct figure : noneq::writer, shipped::figure_style {
  std::unique_ptr<noneq::sinking> open(const noneq::writing& w) const override {
    shipped::gnuplot::need();
    const bool frames = !w.frame_times.empty(), planar = w.info.shape == noneq::sizes{2} && w.denoiser != nullptr &&
                                                         w.denoiser->process().kernel->has_variance();
    const std::string what = draw != "auto" ? draw : !frames ? "curves" : planar ? "scatter" : "raster";
    if (what == "curves") return std::make_unique<shipped::curves_sinking>(*this, w, path(w));
    if (what == "raster") return std::make_unique<shipped::raster_sinking>(*this, w, path(w));
    return std::make_unique<shipped::scatter_sinking>(*this, w, path(w));
  }

  void check_input(const noneq::writer_input& given) const override {
    const bool of_sampler = given.find("samples") != nullptr && given.from.starts_with("sampler.");
    if (draw == "curves" || (draw == "auto" && !of_sampler)) return need_curve(given);
    if (given.find("frames") == nullptr)
      throw noneq::error("draw: " + draw + " got " + given.from + " without frames, need " +
                         (of_sampler ? "frames: 3 or more there" : "in: a sampler that has frames: 3 or more"));
    if (draw == "scatter") shipped::scatter_sinking::check_given(given);
    if (draw == "raster" && given.shape) shipped::raster_sinking::check_sample(*given.shape);
    if (draw == "auto" && given.shape && !(given.variance && *given.shape == noneq::sizes{2}))
      shipped::raster_sinking::check_sample(*given.shape);
  }

  void check() const override {
    if (file.extension() != ".png")
      throw noneq::error("file got '" + file.string() + "', need a name that ends in .png");
  }

  void check_machine() const override { shipped::gnuplot::need(); }

  static void describe(noneq::description<figure>& d) {
    d.doc("Draws samples on their way from noise to data, or curves over t, with gnuplot.")
        .param("draw", &figure::draw,
               "scatter: points in the plane, forward, reverse and drift; raster: sequences as rows of pixels; "
               "curves: what a metric found for each t or along its own axis, or the course of the loss, an array "
               "…_stderr as a band around its own; auto: whichever of these fits",
               noneq::one_of({"auto", "scatter", "raster", "curves"}))
        .param("count", &figure::count, "samples to draw; 0: 2000 points or 40 sequences", noneq::between(0, 1e5))
        .param("title", &figure::title, "what stands above the figure")
        .param("unit", &figure::unit,
               "curves: what the y axis measures, e.g. 'KL / bits'; empty: the unit of the loss");
  }

 private:
  void need_curve(const noneq::writer_input& given) const {
    for (const noneq::named_tensor_doc& t : given.tensors)
      if (t.extent == noneq::extent::per_step) return;
    throw noneq::error(
        "draw: " + draw + " got " + given.from +
        ", which finds nothing for each step t, nor along another axis; need in: the loss, or a metric that does, such "
        "as bound or rank_histogram");
  }
};

NONEQ_PLUGIN(figure);
