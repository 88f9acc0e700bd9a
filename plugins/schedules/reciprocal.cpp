// Reciprocal schedule (Sohl-Dickstein et al. 2015, §2.4.1): β_t = 1/(T−t+1), so every step erases an equal part of the
// signal, ᾱ_t = 1 − t/T, and nothing is left at T. Made for the binomial kernel.
#include "noneq/plugin.hpp"

struct reciprocal : noneq::schedule {
  noneq::Tensor beta() const override { return noneq::reciprocal(steps); }

  static void describe(noneq::description<reciprocal>& d) {
    d.doc("β_t = 1/(T−t+1): the signal level falls linearly to 0, and β_T = 1.");
  }
};
NONEQ_PLUGIN(reciprocal);
