#include "noneq/diffusion/respace.hpp"

#include <cmath>

#include "noneq/core/error.hpp"

namespace noneq {

std::vector<std::int64_t> respace(std::int64_t steps, const std::vector<std::int64_t>& sections) {
  if (sections.empty()) throw error("got no section, need at least one");
  const auto k = static_cast<std::int64_t>(sections.size());
  std::vector<std::int64_t> kept;
  std::int64_t start = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    const auto size = steps / k + (j < steps % k ? 1 : 0);
    const auto count = sections[static_cast<std::size_t>(j)];
    if (count < 1 || count > size)
      throw error(c10::str("got ", count, " steps for section ", j + 1, ", need 1 to ", size));
    const double stride = count > 1 ? static_cast<double>(size - 1) / static_cast<double>(count - 1) : 1;
    // Accumulated, not multiplied, and rounded half to even: the published code's choice of indices depends on it.
    double position = 0;
    for (std::int64_t n = 0; n < count; ++n, position += stride)
      kept.push_back(start + static_cast<std::int64_t>(std::nearbyint(position)));
    start += size;
  }
  return kept;
}

Tensor respaced_beta(const tables& t, const std::vector<std::int64_t>& kept) {
  if (kept.empty()) throw error("got no kept step, need at least one");
  std::int64_t last = -1;
  for (const auto i : kept) {
    if (i <= last || i >= t.steps())
      throw error(c10::str("got kept index ", i, " after ", last, ", need ascending indices below ", t.steps()));
    last = i;
  }
  return beta_between(t.log_alpha_bar.index_select(0, at::tensor(kept, at::kLong)));
}

}
