#include "noneq/plugin/roles/writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq {

const named_tensor_doc* writer_input::find(const std::string& name) const {
  const auto it = std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  return it == tensors.end() ? nullptr : &*it;
}

void writer_input::need(const std::string& name, const std::string& parameter) const {
  if (find(name) != nullptr) return;
  std::vector<std::string> names;
  for (const named_tensor_doc& t : tensors) names.push_back(t.name);
  std::sort(names.begin(), names.end());
  const std::string known = names.empty() ? fmt::format("nothing: {} gives writers no arrays", from)
                                          : fmt::format("one of {}", fmt::join(names, ", "));
  throw error(fmt::format("got '{}', need {}{}", name, known, did_you_mean(name, names)), parameter);
}

std::filesystem::path writer::name(const std::string& occasion) const {
  std::filesystem::path name = file;
  if (!occasion.empty()) {
    std::string mark = "-" + occasion;
    std::replace(mark.begin(), mark.end(), ' ', '-');
    name.replace_filename(file.stem().string() + mark + file.extension().string());
  }
  return name;
}

}
