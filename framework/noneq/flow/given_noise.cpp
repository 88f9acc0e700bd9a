#include "noneq/flow/given_noise.hpp"

#include <fmt/format.h>

namespace noneq {

given_noise::given_noise(const std::filesystem::path& file, std::string dataset, const sizes& shape, std::int64_t count,
                         const kernel& k)
    : file_(file), dataset_(std::move(dataset)) {
  const std::string where = fmt::format("{}: dataset '{}'", file.string(), dataset_);
  const dataset_layout layout = file_.layout(dataset_);
  const sizes row(layout.shape.begin() + 1, layout.shape.end());
  if (row != shape)
    throw error(
        fmt::format("{}: got rows of shape {}, need those of a sample, {}", where, to_string(row), to_string(shape)));
  if (layout.shape[0] < count)
    throw error(fmt::format("{}: got {} rows, need {}, one a sample", where, layout.shape[0], count));
  constexpr std::int64_t block = 256;
  for (std::int64_t first = 0; first < count; first += block) {
    const std::int64_t n = std::min(block, count - first);
    try {
      k.check_data(rows(first, n));
    } catch (const error& e) {
      throw error(fmt::format("{}, rows {} … {}: {}", where, first, first + n - 1, e.message()));
    }
  }
}

Tensor given_noise::rows(std::int64_t first, std::int64_t count) const {
  const Tensor x = file_.rows(dataset_, first, count);
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

}
