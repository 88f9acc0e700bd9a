#include "noneq/app/shared_folder.hpp"

#include <fmt/format.h>

#include "noneq/core/error.hpp"

namespace noneq::app {
namespace fs = std::filesystem;

static fs::path folder_of_program() {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path();
}

fs::path shared_folder(const std::string& name) {
  const fs::path program = folder_of_program();
  std::error_code failed;
  for (const fs::path& root : {program, program.parent_path()})
    if (const fs::path folder = root / "share/noneq" / name; fs::is_directory(folder, failed)) return folder;
  throw error(
      fmt::format("the program is not installed as a whole: no share/noneq/{} beside {}", name, program.string()));
}

fs::path installed_prefix() {
  const fs::path prefix = folder_of_program().parent_path();
  std::error_code failed;
  return fs::exists(prefix / "lib/cmake/noneq/noneqConfig.cmake", failed) ? prefix : fs::path();
}

}
