// The list of the files that the writers of a run made, files.jsonl in its folder: one object a line, with the file's
// name (from the folder on, when it lies within), size and checksum. By it a run that replaces another knows which
// files were the other's, and leaves alone what anybody else put there. One thread; add() is whole on disk when it
// returns.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace noneq {

class written_files {
 public:
  explicit written_files(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Errors: the file or the list cannot be read or written.
  void add(const std::filesystem::path& file) const;

  // The listed files, as absolute names or from the working directory on.
  std::vector<std::filesystem::path> names() const;

  // Removes the listed files, then the list. Returns those that stay, because they are not what was written any more.
  std::vector<std::filesystem::path> remove() const;

 private:
  std::filesystem::path list() const { return folder_ / "files.jsonl"; }
  std::filesystem::path folder_;
};

}
