#include "noneq/plugin/roles/mean.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace noneq {

void need_positive_alpha_bar(const tables& t, const char* prediction) {
  if (t.beta[-1].item<double>() == 1)
    throw error(
        fmt::format("got a schedule that ends in β_T = 1, where {}-prediction divides by √ᾱ_T = 0; "
                    "need mean x0 or v, or another schedule",
                    prediction));
  // Samples are float32.
  if (const double signal = std::exp(0.5 * t.log_alpha_bar[-1].item<double>());
      signal < std::numeric_limits<float>::min())
    throw error(
        fmt::format("got a schedule that ends in √ᾱ_T = {:.2g}, by which {}-prediction divides, and float32 holds no "
                    "number that small; need mean x0 or v, fewer steps or smaller β",
                    signal, prediction));
}

}
