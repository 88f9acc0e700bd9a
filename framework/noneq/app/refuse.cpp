#include "noneq/app/refuse.hpp"

#include "noneq/storage/files.hpp"

namespace noneq {

void need_writable(const std::filesystem::path& path) {
  as_input([&] { const atomic_file never_committed(path); });
}

}
