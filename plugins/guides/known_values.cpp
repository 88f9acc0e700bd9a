// Inpainting: some numbers of x⁰ are known, the others are drawn given these.
#include "observation.hpp"

namespace {

using noneq::Tensor;

struct masked final : noneq::observation {
  Tensor unknown;
  masked(const noneq::guided_chunk& chunk, const Tensor& seen, Tensor free, double deviation, std::int64_t steps)
      : observation(chunk, seen.masked_fill(free, 0), deviation, steps), unknown(std::move(free)) {}
  Tensor map(const Tensor& x) const override { return x.masked_fill(unknown, 0); }
  Tensor transposed(const Tensor& u) const override { return u.masked_fill(unknown, 0); }
};

struct known_values : noneq::guide {
  std::filesystem::path file;
  std::string mask = "mask", values = "values";
  double deviation = 0;
  std::int64_t solve = 5;

  std::unique_ptr<noneq::guidance> begin(const noneq::guided_chunk& chunk) const override {
    noneq::need_gaussian(chunk);
    const noneq::given_rows given(file, values), masks(file, mask);
    const Tensor known = masks.of(chunk, chunk.shape), seen = given.of(chunk, chunk.shape);
    if (!((known == 0) | (known == 1)).all().item<bool>())
      throw masks.wrong("got other numbers than 0 and 1, need 1 where the value is known");
    given.need_data(seen.masked_select(known == 1), chunk);
    return std::make_unique<masked>(chunk, seen, known == 0, deviation, solve);
  }

  void check() const override {
    const noneq::given_rows given(file, values), masks(file, mask);
    if (given.row_shape() != masks.row_shape())
      throw masks.wrong("got rows of shape " + noneq::to_string(masks.row_shape()) + ", need that of the values, " +
                        noneq::to_string(given.row_shape()));
  }

  static void describe(noneq::description<known_values>& d) {
    d.doc("Inpainting: what the mask marks is known, the rest is drawn given that.")
        .param("file", &known_values::file,
               "HDF5 file of masks and values: row k for sample k, from the beginning again at the end",
               noneq::required())
        .param("mask", &known_values::mask, "dataset that is 1 where the value is known and 0 where it is not")
        .param("values", &known_values::values, "dataset of the values, in data units; unknown ones may be anything")
        .param("deviation", &known_values::deviation, "deviation of noise on the known values, in data units",
               noneq::at_least(0))
        .param("solve", &known_values::solve, noneq::solve_doc, noneq::at_least(1))
        .spaces({"gaussian"});
  }
};

}

NONEQ_PLUGIN(known_values);
