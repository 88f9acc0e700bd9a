// Any linear measurement: sums, blurs, averages, projections.
#include "observation.hpp"

namespace {

using noneq::Tensor;

struct measured final : noneq::observation {
  Tensor matrix;  // [m, d]
  noneq::sizes shape;
  measured(const noneq::guided_chunk& chunk, Tensor seen, Tensor a, double deviation, std::int64_t steps)
      : observation(chunk, std::move(seen), deviation, steps), matrix(std::move(a)), shape(chunk.shape) {
    shape.insert(shape.begin(), chunk.count);
  }
  Tensor map(const Tensor& x) const override { return at::matmul(x.flatten(1), matrix.t().to(x.scalar_type())); }
  Tensor transposed(const Tensor& u) const override { return at::matmul(u, matrix.to(u.scalar_type())).view(shape); }
};

struct linear_observation : noneq::guide {
  std::filesystem::path file;
  std::string dataset = "observation", matrix = "matrix";
  double deviation = 0;
  std::int64_t solve = 5;

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    noneq::need_gaussian(chunk);
    const noneq::given_rows given(file, dataset), map(file, matrix);
    const std::int64_t numbers = c10::multiply_integers(chunk.shape);
    if (map.row_shape() != noneq::sizes{numbers})
      throw map.wrong("got rows of shape " + noneq::to_string(map.row_shape()) + ", need " +
                      noneq::to_string(noneq::sizes{numbers}) + ", as many numbers as a sample has");
    const Tensor a = noneq::hdf5_reader(file).rows(matrix, 0, map.shape()[0]).to(at::kDouble);
    const Tensor y = given.of(chunk, {map.shape()[0]});
    if (!y.isfinite().all().item<bool>()) throw given.wrong("got a number that is not finite, need observations");
    return std::make_unique<measured>(chunk, y, a, deviation, solve);
  }

  void check() const override {
    const noneq::given_rows given(file, dataset), map(file, matrix);
    if (map.shape().size() != 2)
      throw map.wrong("got shape " + noneq::to_string(map.shape()) + ", need a matrix, a row a measurement");
    if (given.row_shape() != noneq::sizes{map.shape()[0]})
      throw given.wrong("got rows of shape " + noneq::to_string(given.row_shape()) + ", need " +
                        noneq::to_string(noneq::sizes{map.shape()[0]}) + ", a number for each row of the matrix");
  }

  static void describe(noneq::description<linear_observation>& d) {
    d.doc("Measurements y = A x + N(0, s²) of the flattened data x.")
        .param("file", &linear_observation::file, "HDF5 file of A and y", noneq::required())
        .param("matrix", &linear_observation::matrix, "dataset of A [m, d], for data units")
        .param("dataset", &linear_observation::dataset,
               "dataset of y [n, m]: row k for sample k, from the beginning again at its end")
        .param("deviation", &linear_observation::deviation, "s, in units of y", noneq::at_least(0), noneq::required())
        .param("solve", &linear_observation::solve, noneq::solve_doc, noneq::at_least(1))
        .spaces({"gaussian"});
  }
};

}

NONEQ_PLUGIN(linear_observation);
