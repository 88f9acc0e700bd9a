// A mean: the quantity z that the network predicts. Here z = √(1−ᾱ) ε, the noise as it stands in
// x^t = √ᾱ x⁰ + √(1−ᾱ) ε.
#include "noneq/plugin.hpp"

namespace {

using noneq::Tensor;

struct my_plugin : noneq::gaussian_mean {
  // Converts the prediction z into x̂⁰; at.c has the coefficients of each sample's own t, shaped to multiply x^t.
  Tensor x0(const Tensor& z, const noneq::reverse_point& at) const override {
    return (at.xt - z) / at.c.sqrt_alpha_bar;
  }
  // Returns the z that training aims at; x0() of it must be x⁰.
  Tensor target(const Tensor& /*x0*/, const Tensor& noise, const noneq::reverse_point& at) const override {
    return at.c.sqrt_one_minus_alpha_bar * noise;
  }
  // Returns ‖ε−ε̂‖² per ‖z−z*‖², so that weightings have one meaning under all predictions.
  Tensor epsilon_error(const noneq::reverse_point& at) const override { return 1 / at.c.one_minus_alpha_bar; }

  // x0() divides by √ᾱ. Delete this where yours does not.
  void check_tables(const noneq::tables& t) const override { noneq::need_positive_alpha_bar(t, "my_plugin"); }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("The network predicts the noise as it stands in x^t, √(1−ᾱ) ε.").spaces({"gaussian"});
  }
};

NONEQ_PLUGIN(my_plugin);

}
