// Units of rows, in the files of several writers, joined into one: their stored chunks are copied as they are, behind a
// copy of a head (growing_file.hpp), or a virtual dataset refers to them. And the checksums of chunks, recomputed.
// Functions; each call reads and writes files of its own. Errors name the file and, where one is at fault, the unit.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "noneq/storage/unit_journal.hpp"

namespace noneq::storage {

struct unit_place {
  std::filesystem::path file;
  stored_unit unit;
};

// Returns "unit of rows 1024 … 2047".
std::string unit_text(const stored_unit& u);

// Called with what is done of all: rows that are joined, bytes that are compared.
using unit_progress = std::function<void(std::int64_t done, std::int64_t all)>;

// Writes one file of all units, which follow one another from row 0; its data has the same bytes whatever the files.
// A chunk whose checksum is wrong is an error. `out` appears whole or not at all.
void join_units(const std::filesystem::path& head, const std::vector<unit_place>& units,
                const std::filesystem::path& out, const unit_progress& progress = {});

// Writes a file of virtual datasets, which refer to the rows in the units' files by names relative to the folder of
// `out` where they lie below it. Units in a file that HDF5 cannot read, as a killed program leaves it, or that holds
// other units too, are first joined into one beside it, <name>.whole.
void join_virtually(const std::filesystem::path& head, const std::vector<unit_place>& units,
                    const std::filesystem::path& out);

// Returns a line for each unit in which a chunk has not the checksum that its journal lists.
std::vector<std::string> wrong_units(const std::vector<unit_place>& units, const unit_progress& progress = {});

// Returns a line for each unit of a joined file in which a chunk has not the checksum that the file lists. Errors: the
// file cannot be read, or lists no checksums. `units` receives their number.
std::vector<std::string> wrong_units(const std::filesystem::path& file, std::int64_t& units,
                                     const unit_progress& progress = {});

}
