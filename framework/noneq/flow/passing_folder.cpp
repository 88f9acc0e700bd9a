#include "noneq/flow/passing_folder.hpp"

#include <stdlib.h>
#include <cerrno>

#include "noneq/storage/files.hpp"

namespace noneq::flow {
namespace fs = std::filesystem;

passing_folder::passing_folder(const fs::path& beside) {
  std::error_code failed;
  fs::path there = fs::absolute(beside, failed);
  while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
  std::string pattern = (there / ".noneq-tmp-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw storage::file_error(there, "make files in the folder", errno);
  path_ = pattern;
}

passing_folder::~passing_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}
