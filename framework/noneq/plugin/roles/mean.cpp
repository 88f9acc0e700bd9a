#include "noneq/plugin/roles/mean.hpp"

#include <fmt/format.h>

namespace noneq {

void need_positive_alpha_bar(const tables& t, const char* prediction) {
  if (t.alpha_bar[-1].item<double>() <= 0)
    throw error(
        fmt::format("got a schedule that ends in β_T = 1, where {}-prediction divides by √ᾱ_T = 0; "
                    "need mean x0 or v, or another schedule",
                    prediction));
}

}
