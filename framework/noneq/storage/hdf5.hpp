// Reading and writing tensors in HDF5 files.
// A reader opens datasets lazily and holds them open; it never allocates more than the rows requested. A writer's file
// appears under its name in close(), whole, or never. HDF5 is serialised by one process-wide lock: readers may be
// shared between threads, a writer belongs to one. Every error names the file and, where there is one, the dataset.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "noneq/core/tensor.hpp"

namespace noneq::storage {

struct dataset_layout {
  sizes shape;              // at least one dimension, none of them zero
  at::ScalarType dtype;     // of the numbers as read
  sizes chunk;              // of the stored chunks; empty when contiguous
  std::int64_t bytes;       // of the whole dataset as read
  std::string compression;  // "", "gzip", "lzf", …; several are joined by "+"
  // The other places it reads: "a.h5: x" for the sources of a virtual dataset, "a.bin" for external storage.
  std::vector<std::string> sources = {};
  std::int64_t stored_bytes = 0;          // in the file, as they are compressed; 0 for a virtual or external dataset
  std::vector<std::string> filters = {};  // all of them in the order of writing: "shuffle", "gzip", …
  // Numbers that were never written, in words that follow the dataset's name; "": all were written.
  std::string unwritten = {};
};

// A dimension of a dataset, as the file names it.
struct dimension {
  std::string label;                // "" when it has none
  std::vector<std::string> scales;  // the paths of the datasets that hold its coordinates
};

struct raw_chunks;
struct hdf5_file;

class hdf5_reader {
 public:
  // Errors: missing, a directory, not HDF5, truncated or damaged.
  explicit hdf5_reader(const std::filesystem::path& path);

  // Returns the layout of a dataset at any depth, "a/b/c". Errors: absent (with the names in the file), a group, not
  // numbers, a scalar, empty, damaged; a source that is missing or too short; rows that no file of this size can hold,
  // or of more chunks than can be looked up.
  dataset_layout layout(const std::string& dataset) const;

  // Returns the paths of all datasets, numeric or not, sorted.
  std::vector<std::string> datasets() const;

  // Returns rows first … first+count-1 as a tensor [count, …]. Stored numbers become the nearest torch dtype: uint16 →
  // int32, uint32 and uint64 → int64, enum {FALSE, TRUE} → bool. Errors: those of layout(); out of range, a uint64
  // above 2⁶³-1, damaged data, a compression this HDF5 lacks, a file that was cut since it was opened.
  Tensor rows(const std::string& dataset, std::int64_t first, std::int64_t count) const;

  // Returns rows in any order, repeats allowed: [indices.size(), …]. Each stored row is read once, neighbours together.
  Tensor rows(const std::string& dataset, std::span<const std::int64_t> indices) const;

  // Returns the attributes of `object` as text: strings, numbers, booleans, and arrays of them, "[1, 2, 3]", with the
  // number of values behind the first 16. Other attributes are left out. `object` is a dataset, a group, or "/" for the
  // file. Errors: the object is absent.
  std::map<std::string, std::string> attributes(const std::string& object) const;

  // Returns the numbers of an attribute, exactly; none when it is absent, or no numbers. Errors: the object is absent.
  std::vector<double> numbers(const std::string& object, const std::string& attribute) const;

  // Returns the dimensions of a dataset with their labels and scales (HDF5's dimension scales, as netCDF-4 writes
  // them). Errors: the dataset is absent.
  std::vector<dimension> dimensions(const std::string& dataset) const;
  // Returns whether the dataset is such a scale.
  bool is_scale(const std::string& dataset) const;

  // chunks.hpp: the bytes as stored, for decoding outside the lock.
  friend raw_chunks read_raw(const hdf5_reader& reader, const std::string& dataset, std::int64_t first,
                             std::int64_t count);

 private:
  std::shared_ptr<hdf5_file> file_;
};

class hdf5_writer {
 public:
  // Writes to a temporary beside `path`, removed with the object unless close() was called. With `gzip` 1 … 9 datasets
  // are shuffled and compressed, with 0 they are not. Errors: the directory is missing or not writable.
  explicit hdf5_writer(const std::filesystem::path& path, int gzip = 0);
  hdf5_writer(hdf5_writer&&) noexcept;
  hdf5_writer& operator=(hdf5_writer&&) noexcept;
  ~hdf5_writer();

  // Writes a dataset of the tensor's shape and dtype, and the groups on the way. Errors: exists, a scalar or an empty
  // tensor, a dtype that HDF5 lacks, disk full.
  void write(const std::string& dataset, const Tensor& tensor);

  // Adds rows [n, …] to a dataset that the first call makes; the first quarter of a megabyte waits in memory. Errors:
  // those of write(); another dtype or row shape than before.
  void append(const std::string& dataset, const Tensor& rows);

  // Sets an attribute of a dataset or group written before, or of "/"; replaces one of that name.
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, double value);
  void attribute(const std::string& object, const std::string& name, std::int64_t value);
  void attribute(const std::string& object, const std::string& name, int value) {
    attribute(object, name, std::int64_t{value});
  }

  // Renames the file to its name. Errors: disk full and the like; then nothing is left under the name.
  void close();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}
