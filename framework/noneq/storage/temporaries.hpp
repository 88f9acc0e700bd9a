// The temporary files that atomic_file writes into, beside their targets. They are removed by the object itself, by a
// signal handler that ends the program, or, after a kill, by the next process. A lock that the kernel holds for its
// process states whether a temporary is still being written, on whatever machine that runs. Functions are thread-safe.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace noneq::storage {

// The name of a temporary is that of its target with ".noneq-tmp-<process>-<number>" behind it.
inline constexpr std::string_view temporary_mark = ".noneq-tmp-";
bool is_temporary(std::string_view name);

// Locks a file that was just made. Returns false when another process took it for left behind and removed it. File
// systems without locks are used without.
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

// Removes the temporaries of this process, for a signal handler that ends it. Calls only functions that such a handler
// may call.
void remove_temporaries() noexcept;

}
