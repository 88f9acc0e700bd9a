// A file that holds given bytes and that readers open by its name, without a disk. Lives as long as the object; one
// thread.
#pragma once

#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/law.hpp"

namespace testing {

class memory_file {
 public:
  explicit memory_file(std::string_view bytes)
      : file_(::memfd_create("bytes", MFD_CLOEXEC)), name_("/proc/self/fd/" + std::to_string(file_)) {
    need(file_ >= 0 && ::write(file_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
         "there is memory for a file of " + std::to_string(bytes.size()) + " bytes");
  }
  memory_file(memory_file&&) = delete;
  ~memory_file() { ::close(file_); }
  const std::string& name() const { return name_; }

 private:
  int file_;
  std::string name_;
};

}
