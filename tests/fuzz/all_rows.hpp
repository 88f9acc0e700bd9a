// Reads the rows of a file in one of the formats of storage/rows.hpp, as `noneq data import` does.
#pragma once

#include <algorithm>

#include "fuzz/law.hpp"
#include "noneq/storage/rows.hpp"

namespace testing {

inline void need_rows_to_the_end(noneq::storage::row_file& rows) {
  constexpr std::int64_t at_once = 1 << 16;
  need(rows.row_bytes() > 0, "a row has bytes");
  for (;;) {
    const noneq::Tensor some = rows.next(std::max<std::int64_t>(1, at_once / rows.row_bytes()));
    need(some.scalar_type() == rows.dtype && some.sizes().slice(1) == at::IntArrayRef(rows.shape),
         "rows have the type and the shape that were stated");
    if (some.size(0) == 0) return;
  }
}

}
