// Chunks as they lie in the file, decoded outside of HDF5.
// HDF5 decompresses under its lock, one thread at a time. read_raw() fetches the stored bytes under the lock; decode()
// needs no lock. Values; both functions may be called concurrently.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "noneq/storage/files.hpp"
#include "noneq/storage/hdf5.hpp"

namespace noneq::storage {

struct raw_chunks {
  struct chunk {
    sizes offset;               // of its first element in the dataset
    std::uint32_t skipped = 0;  // bit i: filter i was not applied to this chunk
    std::string bytes;          // as stored; empty when the chunk was never written
  };
  std::string where;  // "<file>: dataset '<name>'", for messages
  at::ScalarType dtype = at::kFloat;
  sizes shape;  // of the result, [count, …]
  std::int64_t first = 0;
  sizes chunk_shape;
  std::vector<int> filters;  // HDF5's numbers of shuffle, deflate and lzf, in the order of writing
  std::string fill;          // one element: the value of numbers that were never written
  std::vector<chunk> chunks;
  // A dataset in one piece: its file, and where the rows begin in it.
  std::shared_ptr<const input_file> piece = {};
  std::int64_t piece_offset = 0;
  Tensor plain;  // the rows themselves, when the dataset is stored in a way only HDF5 decodes
};

// Returns the chunks that hold rows first … first+count-1. Errors: those of hdf5_reader::rows.
raw_chunks read_raw(const hdf5_reader& reader, const std::string& dataset, std::int64_t first, std::int64_t count);

// Returns the rows, bit for bit those of hdf5_reader::rows. Errors: a damaged chunk.
Tensor decode(const raw_chunks& raw);

}
