// Small data of several kinds, on which plugins that take data are tried: pictures of bytes, positive numbers of two
// channels, vectors, small integers, one-hot categories, and numbers of which some are missing. Pure.
#pragma once

#include <string>
#include <vector>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq::laws {

struct some_data {
  std::string kind;  // for messages
  dataset_info info;
  batch rows;  // 24 rows: x0, row, and label where there are classes
};

// Returns every kind, the most common first.
std::vector<some_data> all_kinds_of_data();

// Returns what a stream may have under this name beside `numbers` [n, …]: classes and row numbers, int64 [n], as label
// and row, and otherwise the numbers.
Tensor named_rows(const std::string& name, const Tensor& numbers);

// Returns the rows of a batch in blocks of this size, as a stream has them.
std::vector<batch> in_blocks(const batch& rows, std::int64_t size);
// Returns the batches joined, tensor by tensor. Throws noneq::error where they have different tensors.
batch joined(const std::vector<batch>& parts);

// Throws noneq::error unless both have equal tensors, or, where `relative` is above 0, numbers as near as that.
void need_same_batch(const std::string& what, const batch& got, const batch& wanted, double relative = 0);

}
