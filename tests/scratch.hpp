// A folder of its own for the files of one test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace testing {

// A new folder, removed with the object.
class scratch {
 public:
  scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "noneq-test-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  scratch(scratch&&) = delete;
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}
