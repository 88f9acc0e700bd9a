// What is said of a step whose loss or gradient is not finite: which samples of the batch it was. Nothing of such a
// step is kept. Pure, thread-safe.
#pragma once

#include <vector>

#include "noneq/core/error.hpp"
#include "noneq/core/tensor.hpp"

namespace noneq {

struct diverged : noneq::error {
  using error::error;
};

// A part of a batch and its losses. index (t − 1), per_sample and row are [n]; row, the number in the file, is
// undefined where the loader does not say it.
struct shard_losses {
  Tensor index, per_sample, row;
};

// Whether every number of x is finite; x undefined: yes.
bool all_finite(const Tensor& x);

// "3 of 96 samples: rows 17 (t = 4), 203 (t = 1), …" of those whose loss is not finite, or of the whole batch when all
// losses are. Samples are numbered by their place in the batch when they have no rows.
std::string offending_samples(const std::vector<shard_losses>& shards);

}
