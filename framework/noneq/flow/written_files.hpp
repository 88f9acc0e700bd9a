// The list of the files that the writers of a run made, files.jsonl in its folder: one object a line, with the file's
// name (from the folder on, when it lies within), size and checksum, or the time at which it was changed. A run that
// replaces another removes the files in this list and leaves all others alone. One thread; entries of add() outlive a
// power cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace noneq::flow {

// A file that stays when the run that wrote it is removed, and the reason.
struct staying_file {
  std::filesystem::path file;
  std::string why;
};

// Returns whether `name`, from `folder` on, is a place within it that no link leads to; it need not exist.
bool lies_within(const std::filesystem::path& folder, const std::filesystem::path& name);

class written_files {
 public:
  explicit written_files(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Errors: the file or the list cannot be read or written.
  void add(const std::filesystem::path& file) const;
  // Adds a file by size and time, which costs no pass over it.
  void add_unread(const std::filesystem::path& file) const;

  // Marks the files of occasions after `step` as undone, because a run goes on from an earlier checkpoint: names()
  // leaves them out until the run makes them again, and remove() removes them.
  void undo_after(std::int64_t step) const;

  // Returns the listed files that are not undone, as absolute names or from the working directory on.
  std::vector<std::filesystem::path> names() const;

  // Removes the listed files that lie within the folder, then the list: a list may name anything. Returns those that
  // stay, because they lie elsewhere or were changed since.
  std::vector<staying_file> remove() const;

 private:
  std::string name_of(const std::filesystem::path& file) const;
  std::filesystem::path list() const { return folder_ / "files.jsonl"; }
  std::filesystem::path folder_;
};

}
