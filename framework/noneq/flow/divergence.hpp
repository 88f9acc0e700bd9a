// The error of a step whose loss or gradient is not finite, which names the samples of the batch at fault. Such a step
// changes nothing. Pure, thread-safe.
#pragma once

#include <vector>

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace noneq::flow {

struct diverged : error {
  using error::error;
};

// A part of a batch and its losses. index (t − 1), per_sample and row are [n]; row, the number in the file, is
// undefined where the loader does not give it.
struct shard_losses {
  Tensor index, per_sample, row;
};

// Returns whether every number of x is finite; true when x is undefined.
bool all_finite(const Tensor& x);

// Returns "3 of 96 samples: rows 17 (t = 4), 203 (t = 1), …": the samples whose loss is not finite, or the whole batch
// when all losses are. Samples without rows are numbered by their place in the batch.
std::string offending_samples(const std::vector<shard_losses>& shards);

}
