// The number of rows of a part that are read together. Pure, thread-safe.
#pragma once

#include "table_parts.hpp"

namespace shipped {

struct reading_blocks {
  std::int64_t rows;        // of a block: whole chunks, unless a chunk is so large that holding one is too much
  std::int64_t per_window;  // blocks in memory at once
};

inline reading_blocks reading_blocks_of(const table_part& part) {
  constexpr std::int64_t block_bytes = std::int64_t{4} << 20, block_rows = 1024;
  const row_table& table = *part.table;
  const std::int64_t row_bytes = table.row_bytes(), chunk = std::max<std::int64_t>(1, table.widest().chunk_rows());
  std::int64_t held = row_bytes;  // bytes for each row of the part, with those that lie between them
  std::int64_t together = chunk;  // rows of the part in one chunk
  if (!part.rows.is_run()) {
    together = std::clamp<std::int64_t>(chunk * part.count() / table.rows(), 1, chunk);
    held = row_bytes * chunk / together;
  }
  const std::int64_t fitting = std::clamp<std::int64_t>(block_bytes / held, 1, block_rows);
  const std::int64_t rows =
      together * held <= window_bytes ? together * std::max<std::int64_t>(1, fitting / together) : fitting;
  return {rows, std::max<std::int64_t>(1, window_bytes / (rows * held))};
}

}
