// Rows of a dataset encoded as the chunks that a file stores, outside of HDF5 and its lock. A chunk holds whole rows.
// Values; encode() may be called concurrently.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "noneq/storage/stored_numbers.hpp"

namespace noneq::storage {

// The way in which the rows of a dataset are stored.
struct row_format {
  stored_numbers numbers;
  std::int64_t chunk_rows = 1;
  int gzip = 0;         // 0: not compressed; 1 … 9
  bool shuffle = true;  // bytes of equal rank beside one another, where they are compressed
  packing by = {};
};

struct encoded_chunk {
  Tensor plain;          // the rows themselves, where they are not compressed
  std::string deflated;  // their bytes where they are
  std::uint32_t crc32 = 0;

  std::string_view bytes() const {
    return plain.defined() ? std::string_view(static_cast<const char*>(plain.data_ptr()), plain.nbytes()) : deflated;
  }
};

// Rows first, first + 1, … of a dataset.
struct encoded_rows {
  Tensor rows;  // [n, …] of the holder type
  std::int64_t first = 0;
  std::vector<encoded_chunk> chunks;  // of whole chunks, in order, where `first` begins one; rows behind them remain
};

// Encodes the whole chunks among rows [n, …], which are contiguous and of the format's holder type.
encoded_rows encode(const row_format& f, const Tensor& rows, std::int64_t first);

// Encodes at most a chunk of rows, which is filled up.
encoded_chunk encode_chunk(const row_format& f, const Tensor& rows);

// Returns the rows in a chunk of rows of this shape when nobody chose: those of a batch, or, where they are more than 4
// MiB, a part of it of which whole chunks make the batch.
std::int64_t usual_chunk_rows(const sizes& row, const stored_numbers& numbers, std::int64_t batch);

// Returns the CRC-32 of bytes.
std::uint32_t crc32_of(std::string_view bytes);

}
