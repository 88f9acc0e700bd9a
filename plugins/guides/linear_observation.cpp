// Any linear measurement, by its matrix or by name: blurs, averages, parts, sums. In mode `paper` r itself multiplies
// every step (Sohl-Dickstein et al. 2015, §2.5): N(μ, Σ) r has the mean μ + Σ Aᵀ (A Σ Aᵀ + s²)⁻¹ (y − A μ). Its
// covariance is no diagonal; the step keeps its Σ, from which it differs by less than Σ AᵀA Σ/s².
#include "noneq/storage/hdf5.hpp"
#include "observation.hpp"
#include "operators.hpp"
#include "stream_tensor.hpp"

namespace {

using noneq::error;
using noneq::sizes;
using noneq::Tensor;
using made_map = std::unique_ptr<shipped::linear_map>;

struct measured final : shipped::observation {
  made_map a;
  Tensor y, certainly;  // in data units; 1 for rows without noise and 0 for others, [1, …]
  shipped::unit_rows rows;
  measured(const noneq::guided_chunk& chunk, const Tensor& seen, made_map of, const Tensor& deviation,
           std::int64_t steps)
      : observation(seen, deviation, steps), a(std::move(of)), y(seen), certainly((deviation == 0).to(at::kDouble)) {
    rows = shipped::in_model_units(
        {y, [this](const Tensor& x) { return a->map(x); }, [this](const Tensor& u) { return a->transposed(u); }},
        chunk.normal, chunk.shape);
    b = rows.of.y;
    variance = (rows.weight * deviation).square();
  }
  Tensor map(const Tensor& u) const override { return rows.of.map(u); }
  Tensor transposed(const Tensor& r) const override { return rows.of.transposed(r); }
  noneq::distribution multiplied(const noneq::distribution& p, const noneq::coefficients&) const override {
    const Tensor step = p.log_variance.exp().to(at::kDouble);
    const auto seen_covariance = [&](const Tensor& r) { return map(step * transposed(r)) + variance * r; };
    const Tensor missing = b - map(p.location.to(at::kDouble));
    const Tensor diagonal = noneq::broadcast_like(step.flatten(1).mean(1), b) + variance;
    const Tensor moved = step * transposed(solved(seen_covariance, diagonal, missing, 1000, 1e-14).x);
    return {p.location + moved.to(p.location.scalar_type()), p.log_variance};
  }
  std::optional<noneq::linear_equation> equation() const override {
    if (!certainly.any().item<bool>()) return {};
    return noneq::linear_equation{certainly * y, [this](const Tensor& x) { return certainly * a->map(x); },
                                  [this](const Tensor& u) { return a->transposed(certainly * u); }};
  }
};

struct linear_observation : noneq::guide {
  std::filesystem::path file;
  std::string tensor = "observation", matrix = "matrix", map = "matrix", mode = "exact";
  shipped::deviations deviation;
  double width = 0;
  std::int64_t solve = 5, factor = 0;
  std::vector<std::int64_t> window;

  // The parameter a map needs, and how it is made for samples of a shape.
  struct named {
    std::string needs;
    made_map (linear_observation::*make)(const sizes& shape) const;
  };
  static const std::map<std::string, named>& maps() {
    static const std::map<std::string, named> all{{"matrix", {"file", &linear_observation::of_file}},
                                                  {"blur", {"width", &linear_observation::blur}},
                                                  {"downsample", {"factor", &linear_observation::downsample}},
                                                  {"crop", {"window", &linear_observation::crop}},
                                                  {"sum", {"", &linear_observation::sum}}};
    return all;
  }

  std::vector<std::string> reads() const override { return {tensor}; }
  bool multiplies_steps() const override { return mode == "paper"; }

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    const shipped::stream_tensor given("observation", tensor);
    made_map a = (this->*maps().at(map).make)(chunk.shape);
    const Tensor y = given.rows(chunk, a->shape);
    const Tensor noise = shipped::by_channel(deviation, a->shape);
    if (!chunk.range.empty()) check_range(given, chunk, *a, y, noise);
    return std::make_unique<measured>(chunk, y, std::move(a), noise, solve);
  }

  void check() const override {
    const std::map<std::string, bool> stated{
        {"file", !file.empty()}, {"width", width > 0}, {"factor", factor > 0}, {"window", !window.empty()}};
    const std::string& needed = maps().at(map).needs;
    for (const auto& [name, is] : stated) {
      if (is && name != needed) throw error(name + " has no meaning for operator " + map + "; need it left out");
      if (!is && name == needed) throw error(name + " is missing, need it for operator " + map);
    }
    if (!window.empty() && (window.size() != 4 || window[2] < 1 || window[3] < 1))
      throw error("window got [" + c10::Join(", ", window) +
                  "], need [top, left, height, width] with a height and a width of at least 1");
    if (map == "matrix") matrix_layout();
  }

  static void describe(noneq::description<linear_observation>& d) {
    d.doc("Measurements y = A x + N(0, s²) of data x.")
        .param("observation", &linear_observation::tensor,
               "tensor of the sampler's stream with y, of the shape of A x, in data units")
        .param("operator", &linear_observation::map,
               "A. matrix: of a file; blur: of images, by a Gaussian, mirrored at the edges; downsample: means of "
               "blocks of pixels; crop: a part; sum: of all numbers",
               noneq::one_of({"matrix", "blur", "downsample", "crop", "sum"}))
        .param("file", &linear_observation::file, "operator matrix: HDF5 file of A")
        .param("matrix", &linear_observation::matrix,
               "operator matrix: dataset of A [m, d], for flattened data in data units")
        .param("width", &linear_observation::width, "operator blur: the Gaussian's deviation, in pixels",
               noneq::at_least(0))
        .param("factor", &linear_observation::factor, "operator downsample: blocks are factor × factor pixels",
               noneq::at_least(0))
        .param("window", &linear_observation::window, "operator crop: [top, left, height, width], in pixels",
               noneq::at_least(0))
        .param("deviation", &linear_observation::deviation,
               std::string("s, in units of y") + shipped::one_a_channel + " of y, or for each row of a matrix",
               noneq::at_least(0), noneq::required())
        .param(
            "mode", &linear_observation::mode,
            "exact: r as x^t sees it, which is calibrated; paper: r itself moves the mean of every step, as published, "
            "which counts the observation about twice",
            noneq::one_of({"exact", "paper"}))
        .param("solve", &linear_observation::solve, shipped::solve_doc, noneq::at_least(1))
        .renamed("dataset", "observation")
        .spaces({"gaussian"});
  }

 private:
  error wrong_matrix(const std::string& text) const {
    return error(file.string() + ": dataset '" + matrix + "' got " + text, "matrix");
  }

  // [m, d]. Throws noneq::error when there is no such dataset, or it is no matrix.
  sizes matrix_layout() const {
    const sizes shape = noneq::storage::hdf5_reader(file).layout(matrix).shape;
    if (shape.size() != 2)
      throw wrong_matrix("shape " + noneq::to_string(shape) + ", need a matrix, a row a measurement");
    return shape;
  }

  // Noise may carry an observation out of what data can give, but not this far.
  void check_range(const shipped::stream_tensor& given, const noneq::guided_chunk& chunk, const shipped::linear_map& a,
                   const Tensor& y, const Tensor& noise) const {
    const auto [least, most] = a.range(chunk.shape, chunk.range[0], chunk.range[1]);
    const Tensor reach = 10 * noise + 1e-5 * (least.abs() + most.abs());
    const Tensor below = y < least - reach, off = below.logical_or(y > most + reach);
    if (!off.any().item<bool>()) return;
    const auto first = [&](const Tensor& of) { return of.expand_as(y).masked_select(off)[0].item<double>(); };
    throw given.wrong(c10::str("got ", first(y.to(at::kDouble)),
                               ", which is more than 10 deviations away from what data from ", chunk.range[0], " to ",
                               chunk.range[1], " gives there, need ", first(least), " to ", first(most),
                               " with noise of deviation ", first(noise)));
  }

  made_map of_file(const sizes& shape) const {
    const std::int64_t numbers = c10::multiply_integers(shape);
    const sizes layout = matrix_layout();
    if (layout[1] != numbers)
      throw wrong_matrix(c10::str("rows of ", layout[1], " numbers, need ", numbers, ", as many as a sample has"));
    const Tensor a = noneq::storage::hdf5_reader(file).rows(matrix, 0, layout[0]).to(at::kDouble);
    if (!a.isfinite().all().item<bool>()) throw wrong_matrix("a number that is not finite, need a matrix of numbers");
    return std::make_unique<shipped::dense_map>(a, shape);
  }

  made_map blur(const sizes& shape) const {
    need_image(shape);
    return separable(shape, [&](std::int64_t n, int) { return shipped::blurred_axis(n, width); });
  }

  made_map downsample(const sizes& shape) const {
    need_image(shape);
    return separable(shape, [&](std::int64_t n, int) {
      if (n % factor != 0)
        throw error(c10::str("factor got ", factor, " for samples of shape ", noneq::to_string(shape),
                             ", need one that divides height and width"));
      return shipped::averaged_axis(n, factor);
    });
  }

  made_map crop(const sizes& shape) const {
    need_image(shape);
    return separable(shape, [&](std::int64_t n, int axis) {
      if (window[axis] + window[2 + axis] > n)
        throw error("window got [" + c10::Join(", ", window) + "], which reaches beyond samples of shape " +
                    noneq::to_string(shape) + ", need [top, left, height, width] within them");
      return shipped::cut_axis(n, window[axis], window[2 + axis]);
    });
  }

  made_map sum(const sizes& shape) const { return std::make_unique<shipped::sum_map>(shape); }

  // axis(n, 0 or 1) returns the matrix along the height or the width of n pixels.
  template <class Axis>
  made_map separable(const sizes& shape, const Axis& axis) const {
    return std::make_unique<shipped::separable_map>(axis(shape.end()[-2], 0), axis(shape.end()[-1], 1), shape);
  }

  void need_image(const sizes& shape) const {
    if (shape.size() < 2)
      throw error("operator got " + map + " for samples of shape " + noneq::to_string(shape) +
                  ", need images […, height, width]");
  }
};

}

NONEQ_PLUGIN(linear_observation);
