// What the storage tests share: a directory that disappears, the text of an error, a limit on file sizes.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include "doctest.hpp"
#include "noneq/core/error.hpp"
#include "noneq/storage/files.hpp"

struct scratch {
  std::filesystem::path dir;
  scratch() {
    static int count = 0;
    // Memory when there is any: every atomic write waits for the disk.
    const std::filesystem::path memory = "/dev/shm";
    dir = (std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
          ("noneq_storage_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(dir);
  }
  scratch(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(dir); }
  std::filesystem::path operator/(const std::string& name) const { return dir / name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir), {}));
  }
};

// A disk that is full after `bytes`: no file of this process may grow beyond them.
struct full_disk {
  rlimit before{};
  explicit full_disk(std::uint64_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit now{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  full_disk(const full_disk&) = delete;
  ~full_disk() { ::setrlimit(RLIMIT_FSIZE, &before); }
};

// The text of the noneq::error that f throws; "" when it throws none.
template <typename Function>
std::string failure(const Function& f) {
  try {
    f();
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "";
}

inline bool has(const std::string& text, const std::string& part) {
  const bool found = text.find(part) != text.npos && text.find('\n') == text.npos;
  if (!found) MESSAGE("looked for '" << part << "' in: " << text);
  return found;
}

// Plain, unchecked bytes: tests damage files with it.
inline void put(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}
