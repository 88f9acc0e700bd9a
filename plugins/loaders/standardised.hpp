// The normalisation to mean 0 and variance 1 of the rows of a file, from as many of them as one wants to wait for. Pure
// but for reading; one thread.
#pragma once

#include "moments.hpp"
#include "noneq/plugin.hpp"
#include "row_checks.hpp"
#include "stored_rows.hpp"

namespace noneq {

struct looked_at {
  std::string dataset;
  std::int64_t count;         // of its rows, from the first
  std::int64_t most = 0;      // rows to look at, spread evenly; 0: 1 GiB of them, 10,000 at least
  bool per_position = false;  // one mean and variance for each position of a sample, or one for all numbers
  bool step_noise = false;    // of the stored integers with uniform noise of one step, [0, 1), on them
};

// Throws noneq::error for numbers that do not vary, are not finite, or whose squares are not.
inline normalisation standardised(const stored_rows& stored, const looked_at& of) {
  constexpr std::int64_t block_numbers = std::int64_t{1} << 20, most_bytes = std::int64_t{1} << 30, least_rows = 10'000;
  moments m(of.per_position);
  const std::int64_t most =
      std::min(of.count, of.most > 0 ? of.most : std::max(least_rows, most_bytes / stored.row_bytes()));
  const std::int64_t numbers = std::max<std::int64_t>(1, c10::multiply_integers(stored.sample_shape()));
  const std::int64_t slice = std::max<std::int64_t>(1, block_numbers / numbers), block = stored.block();
  const std::int64_t blocks = (of.count + block - 1) / block,
                     read_blocks = std::min(blocks, (most + block - 1) / block);
  for (std::int64_t j = 0; j < read_blocks; ++j) {
    const std::int64_t first = j * blocks / read_blocks * block;
    const Tensor rows = stored.read(of.dataset, first, std::min(block, of.count - first));
    for (std::int64_t k = 0; k < rows.size(0); k += slice) {
      const Tensor x = stored.arranged(rows.slice(0, k, k + slice));
      m.add(x);
      if (!m.finite()) {
        refuse_infinite(x, at::arange(first + k, first + k + x.size(0), at::kLong), stored.where());
        throw error(c10::str(stored.where(), " has numbers near rows ", first + k, " … ", first + k + x.size(0) - 1,
                             " whose squares overflow, need smaller ones"));
      }
    }
  }
  const Tensor mean = of.step_noise ? m.mean() + 0.5 : m.mean(),
               variance = of.step_noise ? m.variance() + 1. / 12 : m.variance();
  const sizes shape = of.per_position ? stored.sample_shape() : sizes{};
  const std::string seen = read_blocks < blocks ? c10::str("in all of the ", most, " rows looked at") : "everywhere";
  refuse_constant(mean, variance, shape, seen, stored.where());
  return {mean.reshape(shape).to(at::kFloat), variance.sqrt().reshape(shape).to(at::kFloat)};
}

}
