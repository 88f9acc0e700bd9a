// The normalisation to mean 0 and variance 1 of the rows of a file, from as many of them as one wants to wait for. Pure
// but for reading; one thread.
#pragma once

#include <functional>

#include "moments.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/plugin.hpp"
#include "row_checks.hpp"
#include "stored_rows.hpp"

namespace noneq {

struct looked_at {
  std::string dataset;
  std::int64_t count;                    // of its rows, from the first
  std::int64_t most = 0;                 // rows to look at, spread evenly; 0: 1 GiB of them, 10,000 at least
  one_scale scale = one_scale::for_all;  // what has a mean and a variance of its own
  bool step_noise = false;               // of the stored integers with uniform noise of one step, [0, 1), on them
  std::function<void(const Tensor& rows, std::int64_t first)> also = {};  // is shown the stored rows, too
};

struct standardisation {
  normalisation normal;
  std::int64_t rows;      // that were looked at
  std::int64_t constant;  // channels or positions without variance
};

// The scale of what does not vary cannot be seen. It is that of the other positions of its channel, so that what a
// model makes of it is as exact as what stands beside it, or else its own size.
inline Tensor scale_of_constant(const Tensor& mean, const Tensor& variance, const Tensor& varies) {
  const Tensor own = at::where(mean == 0, at::ones_like(mean), mean.abs());
  if (mean.dim() < 2) return own;
  const Tensor count = varies.to(at::kDouble).flatten(1).sum(1);
  const Tensor beside = (variance.masked_fill(varies.logical_not(), 0).flatten(1).sum(1) / count).sqrt();
  sizes by_channel(static_cast<std::size_t>(mean.dim()), 1);
  by_channel[0] = mean.size(0);
  return at::where((count > 0).view(by_channel), beside.view(by_channel), own);
}

// Throws noneq::error for numbers that do not vary anywhere, are not finite, or whose squares are not.
inline standardisation standardised(const stored_rows& stored, const looked_at& of) {
  constexpr std::int64_t block_numbers = std::int64_t{1} << 20, most_bytes = std::int64_t{1} << 30, least_rows = 10'000;
  moments m(of.scale);
  const std::int64_t most =
      std::min(of.count, of.most > 0 ? of.most : std::max(least_rows, most_bytes / stored.row_bytes()));
  const std::int64_t numbers = std::max<std::int64_t>(1, c10::multiply_integers(stored.sample_shape()));
  const std::int64_t slice = std::max<std::int64_t>(1, block_numbers / numbers), block = stored.block();
  const std::int64_t blocks = (of.count + block - 1) / block,
                     read_blocks = std::min(blocks, (most + block - 1) / block);
  std::int64_t seen = 0;
  for (std::int64_t j = 0; j < read_blocks; ++j) {
    stop_here_if_asked();
    const std::int64_t first = j * blocks / read_blocks * block;
    const Tensor rows = stored.read(of.dataset, first, std::min(block, of.count - first));
    seen += rows.size(0);
    for (std::int64_t k = 0; k < rows.size(0); k += slice) {
      const Tensor x = stored.arranged(rows.slice(0, k, k + slice));
      m.add(x);
      if (!m.finite()) {
        refuse_infinite(x, at::arange(first + k, first + k + x.size(0), at::kLong), stored.where());
        throw error(c10::str(stored.where(), " has numbers near rows ", first + k, " … ", first + k + x.size(0) - 1,
                             " whose squares overflow, need smaller ones"));
      }
    }
    if (of.also) of.also(rows, first);
  }
  sizes shape = of.scale == one_scale::for_all ? sizes{} : stored.sample_shape();
  if (of.scale == one_scale::per_channel) std::fill(shape.begin() + 1, shape.end(), 1);
  const Tensor mean = (of.step_noise ? m.mean() + 0.5 : m.mean()).reshape(shape);
  const Tensor variance = (of.step_noise ? m.variance() + 1. / 12 : m.variance()).reshape(shape);
  const Tensor varies = variance > 1e-24 * mean.square();  // more than rounding leaves
  if (!varies.any().item<bool>())
    throw error(c10::str(stored.where(), " is ", mean.flatten()[0].item<double>(), " ",
                         read_blocks < blocks ? c10::str("in all of the ", seen, " rows looked at") : "everywhere",
                         shape.empty() ? "" : ", or as constant as this at each position",
                         ", need numbers that vary, or another normalise than zscore"));
  const Tensor scale = at::where(varies, variance.sqrt(), scale_of_constant(mean, variance, varies));
  return {{mean, scale}, seen, varies.logical_not().sum().item<std::int64_t>()};
}

}
