// A folder for files that nobody keeps, beside a folder that may not exist yet, so that both lie on one disk. Removed
// with the object; one that a killed program left is not in use.
#pragma once

#include "noneq/storage/files.hpp"

namespace noneq::flow {

class passing_folder {
 public:
  // Throws noneq::error when it cannot be made.
  explicit passing_folder(const std::filesystem::path& beside);
  passing_folder(passing_folder&&) = delete;
  ~passing_folder();
  const std::filesystem::path& path() const { return path_; }
  // Returns whether a passing folder belongs to an object, of any process; also where that cannot be known.
  static bool is_used(const std::filesystem::path& folder);

 private:
  std::filesystem::path path_;
  storage::descriptor used_;  // locked
};

}
