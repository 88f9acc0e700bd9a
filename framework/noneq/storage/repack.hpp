// Copies an HDF5 file with some datasets in other chunks, such as make shuffled reading fast. Attributes, dimension
// scales, links, groups and all other datasets stay as they are. The new file appears whole or not at all. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "noneq/storage/hdf5.hpp"

namespace noneq::storage {

struct repacking {
  std::vector<std::string> datasets = {};  // to be stored anew
  std::int64_t chunk_rows = 0;             // of them; 0: chunks of about a quarter of a megabyte
  std::optional<int> gzip = {};  // level, 0 for none; without it a dataset keeps its own, or 4 for another filter
  bool unwritten = false;        // whether numbers that were never written become the fill value
  std::function<void(std::int64_t bytes)> copied = {};  // called with the bytes of each block of rows that is stored
};

// Returns the chunks that a dataset of this layout has by default: whole rows, as many as fit into `chunk_rows`, or
// into about a quarter of a megabyte when that is 0; parts of rows that are too large for a chunk.
sizes chunks_for_rows(const dataset_layout& layout, std::int64_t chunk_rows = 0);

// Returns why rows in random order are read slowly, in words that follow the dataset's name; "" when they are not.
std::string slow_to_shuffle(const dataset_layout& layout);

// Returns the datasets of a file that repack() can store anew: arrays of numbers that are no scales.
std::vector<std::string> repackable(const hdf5_reader& file);

// Writes `out`. Memory: 64 MB, and more where old chunks hold very many rows. Errors: those of hdf5_reader::layout, of
// atomic_file and of a full disk; numbers that were never written; references between objects.
void repack(const std::filesystem::path& in, const std::filesystem::path& out, const repacking& how);

}
