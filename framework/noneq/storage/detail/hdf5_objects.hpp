// Small things that several writers of HDF5 need. Private to the room; call with hdf5_lock held.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "noneq/storage/detail/hdf5_handle.hpp"
#include "noneq/storage/stored_numbers.hpp"

namespace noneq::storage {

// Returns the HDF5 type that stores these numbers, little-endian.
hdf5_handle stored_type(const stored_numbers& numbers);

// Opens a file to change it, without HDF5's own lock, which other locks would meet on NFS.
hdf5_handle open_to_change(const std::filesystem::path& file);

// Creates a file without metadata blocks, so that a chunk is put at the end of the file.
hdf5_handle create_plain(const std::filesystem::path& file);

// Returns the paths of all datasets in a file, sorted.
std::vector<std::string> dataset_paths(std::int64_t file);

// Returns the path of an object in its file, "/a/b"; "" when it has none.
std::string path_of(std::int64_t object);
// Returns the paths of the scales of a dimension of a dataset.
std::vector<std::string> scale_paths(std::int64_t dataset, unsigned dimension);

// Copies an attribute to another object. Returns false when it cannot be copied, as one that refers to other objects.
bool copy_attribute(std::int64_t from, std::int64_t to, const std::string& name);
std::vector<std::string> attribute_names(std::int64_t object);

// The datasets that hold the checksums of the chunks of a file, one uint32 each: "noneq/crc32/<dataset>". `name` is
// that of the file in messages.
inline const std::string checksum_group = "noneq/crc32";
void write_checksums(std::int64_t file, const std::filesystem::path& name, const std::string& dataset,
                     const std::vector<std::uint32_t>& of_chunks, std::int64_t unit_chunks);

}
