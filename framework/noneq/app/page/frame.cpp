#include "noneq/app/page/frame.hpp"

#include "noneq/storage/files.hpp"

namespace noneq::app {
namespace fs = std::filesystem;

std::string filled(const fs::path& folder, const std::string& file, const std::map<std::string, std::string>& values) {
  const std::string frame = storage::read_file(folder / file);
  std::string page;
  for (std::size_t at = 0;;) {
    const auto open = frame.find("{{", at), close = frame.find("}}", open);
    page += frame.substr(at, open - at);
    if (open == frame.npos || close == frame.npos) return page;
    const std::string name = frame.substr(open + 2, close - open - 2);
    page += name.starts_with("file: ") ? storage::read_file(folder / name.substr(6)) : values.at(name);
    at = close + 2;
  }
}

}
