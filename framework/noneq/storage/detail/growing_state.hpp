// The state of a growing_file: the datasets, and how rows become chunks of the file. Private to the room; call with
// hdf5_lock held.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include <hdf5.h>

#include "noneq/storage/detail/hdf5_handle.hpp"
#include "noneq/storage/files.hpp"
#include "noneq/storage/growing_file.hpp"
#include "noneq/storage/unit_journal.hpp"

namespace noneq::storage {

struct growing_dataset {
  hdf5_handle id;
  sizes row;
  row_format format;
  std::int64_t rows = 0;             // appended, the waiting ones included
  std::int64_t chunks = 0;           // written
  std::vector<Tensor> waiting = {};  // rows behind the last whole chunk
  std::int64_t waiting_rows = 0;
  bool ended_in_chunk = false;
  std::vector<std::uint32_t> sums = {};    // of a file in units, by chunk
  std::vector<stored_chunk> of_unit = {};  // since the last unit
  std::int64_t unit_chunks = 1;
};

struct growing_file::state {
  state(const std::filesystem::path& file, growing_file_kind k) : path(file), kind(k) {}
  ~state();

  std::filesystem::path path;
  growing_file_kind kind;
  std::optional<atomic_file> file;  // outlives the handles, which write into it when they close
  std::optional<unit_journal> journal;
  hdf5_handle id;
  std::map<std::string, growing_dataset> datasets;
  descriptor bytes;  // of a file in units, to see where HDF5 put a chunk
  bool headed = false, broken = false, closed = false;
  std::int64_t ended_bytes = -1;  // the end of the last unit in the file; −1: there is none yet

  // Returns "cannot <what>" with the reason of the call of HDF5 that failed; no write is taken from then on.
  error failed(const std::string& what);
  void need_open() const;
  std::string where(const std::string& dataset) const;
  growing_dataset& at(const std::string& dataset);
  void make_head();
  void extend(const std::string& dataset, growing_dataset& g, std::int64_t rows);
  void put(const std::string& dataset, growing_dataset& g, const encoded_chunk& c);
  void put_waiting(const std::string& dataset, growing_dataset& g, bool all);
  std::int64_t place_of(growing_dataset& g, const hsize_t* at, std::string_view written, std::int64_t before,
                        std::int64_t after);
};

}
