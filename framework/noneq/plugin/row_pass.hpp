// A pass over rows of the data, for metrics and writers that need data beside the stream that reaches them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "noneq/plugin/batch.hpp"

namespace noneq {

// The rows of the data to read, and the batches in which they come. A value. The default requests nothing.
struct row_request {
  std::string part = "";     // train, validation or test; "": the rows that source::fetch_rows() returns
  std::int64_t count = 0;    // rows; 0: no batch at all
  std::int64_t begin = 0;    // index of the first row within the part
  std::int64_t block = 256;  // rows in a batch, at least 1; the last batch may have fewer
  bool data = true;          // false: nothing is read, and batches carry `step` and `first` but no tensors

  std::int64_t batches() const { return (count + block - 1) / block; }
};

// Streams the requested rows through map() and add(), and returns after the last of them. A batch has
//   step   its number within the pass, from 0
//   first  the index of its first row within the part
//   x0     float32 [n, …], normalised data
//   label  int64 [n], where the data has classes
// Other tensors of the loader's batches go on.
// Threads: one thread reads, several prepare batches and call map() concurrently and in any order, and one at a time
// calls add() with the result of map(), in the order of `step`. A bounded number of batches is held at once, however
// many rows are requested.
// Requires: called from open() or finish() of a sink, never within its map() or add().
// Errors: rethrows any exception of reading the data, map() or add().
using row_pass = std::function<void(const row_request& rows, const std::function<batch(batch)>& map,
                                    const std::function<void(const batch&)>& add)>;

}
