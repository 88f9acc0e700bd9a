// A loader: a source of data. Here points on a ring in the plane, made afresh without end. Data in HDF5 files needs no
// plugin: loader.hdf5 reads it, and `noneq data import` converts other files.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::loader {
  double width = 0.1;

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>& known,
                                      const noneq::stream& s) const override;

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("Points near a ring, whose coordinates have mean 0 and variance 1, drawn afresh without end.")
        .param("width", &my_plugin::width, "standard deviation across the ring", noneq::between(0, 1));
  }
};

class ring_source : public noneq::source {
 public:
  ring_source(const my_plugin& of, const noneq::stream& s) : of_(of), rows_(s.fork("rows")) { info_.shape = {2}; }

  // The shape of a row, the number of rows (−1: endless), classes, range and so on; see dataset_info. Data in units
  // that are not near 1 also states its normalisation.
  const noneq::dataset_info& info() const override { return info_; }

  // The batch of a training step, and rows to measure on, which are the same whenever they are requested.
  noneq::batch fetch(std::int64_t step, const noneq::stream& s) override {
    return rows(s.fork(step), step, 0, of_.batch_size);
  }
  noneq::batch fetch_rows(std::int64_t first, std::int64_t count) override { return rows(rows_, 0, first, count); }

 private:
  // Row k of a stream depends on k alone.
  noneq::batch rows(const noneq::stream& s, std::int64_t step, std::int64_t first, std::int64_t count) const {
    const Tensor angle = 6.283185307179586 * s.fork("angle").uniform({count}, first);
    const double middle = std::sqrt(2 - of_.width * of_.width);  // the mean square of the radius is 2
    const Tensor radius = middle + of_.width * s.fork("radius").normal({count}, first);
    return {step, first, {{"x0", at::stack({radius * angle.cos(), radius * angle.sin()}, 1)}}};
  }

  noneq::dataset_info info_;
  const my_plugin of_;
  const noneq::stream rows_;
};

// `known` is the normalisation that a trained model was stored with; one that is computed from data takes it over.
std::shared_ptr<noneq::source> my_plugin::open(const std::optional<noneq::normalisation>&,
                                               const noneq::stream& s) const {
  return std::make_shared<ring_source>(*this, s);
}

NONEQ_PLUGIN(my_plugin);

}
