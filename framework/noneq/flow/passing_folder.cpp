#include "noneq/flow/passing_folder.hpp"

#include <cerrno>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

namespace noneq::flow {
namespace fs = std::filesystem;

passing_folder::passing_folder(const fs::path& beside) {
  std::error_code failed;
  fs::path there = fs::absolute(beside, failed);
  while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
  std::string pattern = (there / ".noneq-tmp-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw storage::file_error(there, "make files in the folder", errno);
  path_ = pattern;
  used_ = storage::descriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ::flock(used_.get(), LOCK_SH | LOCK_NB);
}

bool passing_folder::is_used(const fs::path& folder) {
  const storage::descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.get() >= 0 && ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0;
}

passing_folder::~passing_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}
