// A weighting: the weight of each step in the simple loss. Here the sigmoid of b − ln SNR, which leaves steps with
// little noise out.
#include "noneq/plugin.hpp"

namespace {

struct my_plugin : noneq::weighting {
  double b = 0;

  // Returns the weight on ‖ε − ε̂‖², [B, 1, …]: finite, and a function of the step alone.
  noneq::Tensor weight(const noneq::coefficients& c) const override { return (b - c.snr.log()).sigmoid(); }

  static void describe(noneq::description<my_plugin>& d) {
    d.doc("The sigmoid of b − ln SNR.").param("b", &my_plugin::b, "ln SNR at which the weight is 1/2");
  }
};

NONEQ_PLUGIN(my_plugin);

}
