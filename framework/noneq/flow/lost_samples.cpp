#include "noneq/flow/lost_samples.hpp"

#include <fmt/format.h>

namespace noneq::flow {

// Which samples [n, …] have a number that is not finite.
static Tensor not_finite(const Tensor& samples) { return samples.flatten(1).isfinite().all(1).logical_not(); }

lost_samples lost_in(const batch& drawn) {
  const Tensor bad = not_finite(drawn.at("samples")).nonzero();
  return bad.size(0) == 0 ? lost_samples{} : lost_samples{bad.size(0), drawn.first + bad[0].item<std::int64_t>()};
}

batch drawn_again_where_lost(sampling& ready, const batch& given, batch drawn) {
  const Tensor bad = not_finite(drawn.at("samples"));
  if (!bad.any().item<bool>()) return drawn;
  const batch again = ready.draw(given, true);
  for (const char* name : {"samples", "frames"})
    if (const Tensor x = drawn.find(name); x.defined()) {
      sizes of_row(static_cast<std::size_t>(x.dim()), 1);
      of_row[0] = x.size(0);
      drawn.set(name, at::where(bad.view(of_row), again.at(name), x));
    }
  return drawn;
}

void refuse_lost(const std::string& by, const batch& drawn, bool twice) {
  const lost_samples lost = lost_in(drawn);
  if (lost.count == 0) return;
  throw error(
      fmt::format("{} returned a sample with numbers that are not finite in row {}{}, need finite ones; its unit is "
                  "not written. Try clip: true, or more steps, or not_finite: {}",
                  by, lost.first, twice ? ", twice" : "", twice ? "keep" : "retry or keep"));
}

}
