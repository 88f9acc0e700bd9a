// A folder for files that nobody keeps, beside a folder that may not exist yet, so that both lie on one disk. Removed
// with the object.
#pragma once

#include <filesystem>

namespace noneq::flow {

class passing_folder {
 public:
  // Throws noneq::error when it cannot be made.
  explicit passing_folder(const std::filesystem::path& beside);
  passing_folder(passing_folder&&) = delete;
  ~passing_folder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}
