// A folder for the files of one test, and the text of what an action throws.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "noneq/core/error.hpp"

namespace testing {

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

template <class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

inline bool says(const std::string& message, const std::string& part) { return message.find(part) != message.npos; }

}
