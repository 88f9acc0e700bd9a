// The description of a dataset: its attributes, and the dimension scales that give its axes their coordinates. Private
// to the room; call with hdf5_lock held.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "noneq/core/tensor.hpp"
#include "noneq/storage/detail/hdf5_handle.hpp"

namespace noneq::storage {

// Sets a scalar attribute; replaces one of that name. Returns whether HDF5 could.
bool set_attribute(std::int64_t object, const std::string& name, std::int64_t stored, std::int64_t memory,
                   const void* value);

// Gives `dataset` in `file`, whose rows have the shape `row`, the attributes of the dataset `source` in the first of
// `files`, and its dimension scales where the lengths agree; see growing_file::copy_description(). `name` is that of
// the file in messages. Throws noneq::error where the numbers of a scale cannot be written.
void copy_description(std::int64_t file, const std::string& name, const std::string& dataset, const sizes& row,
                      const std::vector<std::filesystem::path>& files, const std::string& source, std::int64_t rows,
                      bool of_rows_only);

// Attaches scales to the datasets of a file as those of another file, with datasets of the same names, have them.
void attach_like(std::int64_t from, std::int64_t to);

}
