// An HDF5 file whose datasets grow by rows, chunk by chunk. Chunks come encoded, so that any thread can compress them;
// HDF5 only writes their bytes. It appears whole or not at all, in close(); or it is made unit by unit, under its own
// name, with a journal beside it, so that the units that were ended outlive the program (unit_journal.hpp). Then a file
// <name>.head, which has the datasets without rows, and their attributes, is made first: units of several such files
// are joined behind a copy of it (joined_units.hpp). Without close() the rows behind its last unit are cut off again.
//
// Belongs to one thread. Errors name the file, and the dataset where there is one.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "noneq/storage/encoded_rows.hpp"

namespace noneq::storage {

enum class growing_file_kind { whole, in_units };

// How much a new dataset shares with the stored one whose description it receives: the numbers themselves, and so
// attributes and all scales; or only the rows, and so the scale of the first dimension.
enum class description_of { numbers, rows };

// Returns the name of the file that begins a file in units.
std::filesystem::path head_of(const std::filesystem::path& file);

class growing_file {
 public:
  // Errors: the folder is missing or not writable.
  growing_file(const std::filesystem::path& path, growing_file_kind kind);
  growing_file(growing_file&&) noexcept;
  ~growing_file();

  // Makes a dataset without rows, whose first dimension is unlimited; `row` is the shape of one. A file in units gets
  // all its datasets before the first append(). Errors: exists, a row of 4 GiB, a name that cannot be one.
  void create(const std::string& dataset, const sizes& row, const row_format& f);
  bool has(const std::string& dataset) const;
  const row_format& format(const std::string& dataset) const;
  const sizes& row_shape(const std::string& dataset) const;
  std::int64_t rows(const std::string& dataset) const;

  // Adds rows. Rows that make no whole chunk wait in memory. Errors: another shape or type than the dataset's; disk
  // full.
  void append(const std::string& dataset, const encoded_rows& rows);

  // Set an attribute of a dataset, or of "/"; replace one of that name.
  void attribute(const std::string& object, const std::string& name, const std::string& value);
  void attribute(const std::string& object, const std::string& name, double value);
  // Sets _FillValue, in the type of the dataset.
  void fill_value(const std::string& dataset, std::int64_t value);
  // Copies the attributes of a dataset in other files, and the dimension scales of its dimensions where the lengths
  // agree; those of the first dimension, whose rows are the files' rows one behind the other, where these are `rows`
  // in all. Copies these alone to a dataset that is of other numbers. Of a source that cannot be read nothing is
  // copied. Attributes that state how numbers are stored are left out.
  void copy_description(const std::string& dataset, const std::vector<std::filesystem::path>& files,
                        const std::string& source, std::int64_t rows, description_of what);

  // Ends a unit: rows first … of the stream, which are all that were appended since the last call.
  void end_unit(std::int64_t first, std::int64_t rows);
  // Returns when the file is on the disk, under its name.
  void close();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}
