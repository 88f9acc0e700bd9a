#include "noneq/plugin/roles/writer.hpp"

namespace noneq {

std::filesystem::path writer::path(const writing& w) const {
  std::filesystem::path name = file;
  if (!w.occasion.empty()) {
    std::string mark = "-" + w.occasion;
    std::replace(mark.begin(), mark.end(), ' ', '-');
    name.replace_filename(file.stem().string() + mark + file.extension().string());
  }
  return w.folder / name;
}

}
