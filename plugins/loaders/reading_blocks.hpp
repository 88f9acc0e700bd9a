// How rows of a part lie in the chunks that they are read from, and how many are best read together. Pure, thread-safe.
#pragma once

#include "table_parts.hpp"

namespace shipped {

struct chunked_rows {
  std::int64_t together;  // rows of the part in one chunk
  std::int64_t held;      // bytes for each row of the part, with those of its chunk that lie between them

  explicit chunked_rows(const table_part& part)
      : together(std::max<std::int64_t>(1, part.table->widest().chunk_rows())), held(part.table->row_bytes()) {
    if (part.rows.is_run()) return;
    const std::int64_t chunk = together;
    together = std::clamp<std::int64_t>(chunk * part.count() / part.table->rows(), 1, chunk);
    held = held * chunk / together;
  }
};

struct reading_blocks {
  std::int64_t rows;        // of a block: whole chunks, unless a chunk is so large that holding one is too much
  std::int64_t per_window;  // blocks in memory at once
};

inline reading_blocks reading_blocks_of(const table_part& part) {
  constexpr std::int64_t block_bytes = std::int64_t{4} << 20, block_rows = 1024;
  const auto [together, held] = chunked_rows(part);
  const std::int64_t fitting = std::clamp<std::int64_t>(block_bytes / held, 1, block_rows);
  const std::int64_t rows =
      together * held <= window_bytes ? together * std::max<std::int64_t>(1, fitting / together) : fitting;
  return {rows, std::max<std::int64_t>(1, window_bytes / (rows * held))};
}

}
