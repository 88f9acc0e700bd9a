// A folder for the files of one trial, removed with the object.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "noneq/core/error.hpp"

namespace noneq::laws {

class scratch {
 public:
  // Throws noneq::error when the folder cannot be made.
  scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "noneq-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw error("cannot make the folder " + pattern);
    folder_ = pattern;
  }
  scratch(scratch&&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  const std::filesystem::path& folder() const { return folder_; }

  // Returns the files within it and its folders.
  std::set<std::filesystem::path> files() const {
    std::set<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
      if (!entry.is_directory()) all.insert(entry.path());
    return all;
  }

 private:
  std::filesystem::path folder_;
};

}
