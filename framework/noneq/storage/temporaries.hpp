// The temporary files that atomic_file writes into, beside their targets, and who removes them: the object itself; a
// signal handler that ends the program; or, after a kill, whoever comes next. Whether a temporary is still being
// written is known by a lock that the kernel holds for its process, on whatever machine that runs. Functions are
// thread-safe.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace noneq {

// The name of a temporary is that of its target with ".noneq-tmp-<process>-<number>" behind it.
inline constexpr std::string_view temporary_mark = ".noneq-tmp-";
bool is_temporary(std::string_view name);

// Locks a file that was just made. False when somebody who took it for left behind has removed it already. File systems
// without locks are used without.
bool lock_temporary(int descriptor);

// Removes the temporaries of a folder (of none below it) that no process is writing; returns their paths.
std::vector<std::filesystem::path> remove_stale_temporaries(const std::filesystem::path& folder);

// Notes a temporary for remove_temporaries(), as long as the object lives.
class noted_temporary {
 public:
  noted_temporary() = default;
  explicit noted_temporary(const std::filesystem::path& path);
  noted_temporary(noted_temporary&& other) noexcept;
  noted_temporary& operator=(noted_temporary&& other) noexcept;
  ~noted_temporary() { forget(); }
  void forget();

 private:
  int place_ = -1;
};

// Removes what this process is writing: for a signal handler that ends the process. Calls nothing that such a handler
// may not call.
void remove_temporaries() noexcept;

}
