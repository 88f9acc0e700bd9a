// A transform of data, between loader and noiser. Here asinh(x/scale): like x/scale near 0 and like a logarithm, of
// either sign, far from it.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::transform {
  double scale = 1;

  // Returns the description of the data behind this node. A transform that can be undone adds itself to info.normal, so
  // that samples come out in the units from before; one that cannot leaves it as it is.
  noneq::dataset_info after(noneq::dataset_info before) const override {
    noneq::dataset_info info = std::move(before);
    info.numbers = type_of(info.numbers);
    info.bin_width = 0;  // values are no longer evenly spaced
    info.normal = info.normal.then({"transform.my_plugin", [s = scale](const Tensor& x) { return (x / s).asinh(); },
                                    [s = scale](const Tensor& y) { return y.sinh() * s; }});
    return info;
  }

  // Replaces x0 [n, …], row by row. Random changes, for training rows only, take their numbers from c.rows at c.first.
  noneq::batch run(noneq::batch b, const noneq::transform_context&) const override {
    const Tensor& x = b.at("x0");
    b.set("x0", (x.to(type_of(x.scalar_type())) / scale).asinh());
    return b;
  }

  // A transform that learns from data, as a mean, overrides learns(), look(), learned() and state().

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("asinh(x/scale); samples come out in the units from before.")
        .param("scale", &my_plugin::scale,
               "where it turns from a line into a logarithm, in the units of the data that comes in", noneq::above(0));
  }

 private:
  // Numbers arrive as they are stored, bytes and integers among them.
  static at::ScalarType type_of(at::ScalarType numbers) { return numbers == at::kDouble ? at::kDouble : at::kFloat; }
};

NONEQ_PLUGIN(my_plugin);

}
