// Keeps the folder of a run to one program at a time. The kernel holds the lock, so it ends with its process, however
// that ends; the file `lock` in the folder names the process for the message of a second one. One thread.
#pragma once

#include <filesystem>
#include <vector>

#include "noneq/storage/files.hpp"

namespace noneq::flow {

struct folder_gone : error {
  using error::error;
};

struct folder_in_use : input_error {
  using input_error::input_error;
};

// Returns the process that holds the lock of a folder, "process 12 on host"; "" when none does.
std::string holder_of(const std::filesystem::path& folder);

class folder_lock {
 public:
  // Makes the folder when there is none. Throws folder_in_use when another process holds it, with its number and host,
  // and input_error when the folder cannot be made.
  explicit folder_lock(std::filesystem::path folder);
  folder_lock(folder_lock&&) = delete;
  ~folder_lock();  // removes the folders that it made, if nothing was put into them

  // Throws folder_gone when the folder is gone, or another one stands in its place.
  void need_folder() const;

 private:
  void make_folder();
  bool take();           // returns false when the file was replaced meanwhile
  bool is_ours() const;  // returns whether the name still leads to the locked file

  std::filesystem::path folder_, file_;
  std::vector<std::filesystem::path> made_;  // the outermost first
  storage::descriptor lock_;
};

}
