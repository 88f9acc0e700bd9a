// The list of the files that the writers of a run made, files.jsonl in its folder: one object a line, with the file's
// name (from the folder on, when it lies within), size and checksum. By it a run that replaces another knows which
// files were the other's, and leaves alone what anybody else put there. One thread; what add() noted outlives a power
// cut.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace noneq {

// A file that stays though a run that wrote it goes, and why.
struct staying_file {
  std::filesystem::path file;
  std::string why;
};

// Whether `name`, from `folder` on, is a place within it that no link leads to; it need not be there.
bool lies_within(const std::filesystem::path& folder, const std::filesystem::path& name);

class written_files {
 public:
  explicit written_files(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Errors: the file or the list cannot be read or written.
  void add(const std::filesystem::path& file) const;

  // The listed files, as absolute names or from the working directory on.
  std::vector<std::filesystem::path> names() const;

  // Removes the listed files that lie within the folder, then the list: a list may name anything. Returns those that
  // stay, because they lie elsewhere or are not what was written any more.
  std::vector<staying_file> remove() const;

 private:
  std::filesystem::path list() const { return folder_ / "files.jsonl"; }
  std::filesystem::path folder_;
};

}
