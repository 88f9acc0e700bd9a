// The folder that holds the documentation. It has a list of its files, so that a later one can replace them and no
// file of anybody else.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace noneq::app {

// Returns whether the folder holds documentation that write_site() wrote.
bool holds_site(const std::filesystem::path& folder);

// Throws input_error when no file can be made in this folder, which is made if need be.
void need_folder(const std::filesystem::path& folder);

// Writes the files, each whole or not at all, and removes those of an earlier site that are no part of this one.
// Throws noneq::error.
void write_site(const std::filesystem::path& folder, const std::map<std::string, std::string>& files);

}
