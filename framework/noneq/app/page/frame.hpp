// Pages that are made of files beside the program, with values in them.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace noneq::app {

// Returns the text of folder/file with the values in place of their marks, {{name}}, and files of the folder in place
// of
// {{file: name}}. Text that replaced a mark is not searched for marks. Every mark must have a value.
std::string filled(const std::filesystem::path& folder, const std::string& file,
                   const std::map<std::string, std::string>& values);

}
