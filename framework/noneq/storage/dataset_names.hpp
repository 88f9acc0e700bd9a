#pragma once

#include <string_view>

namespace noneq::storage {

// Returns whether a dataset may be written under this name: names of groups and its own, with '/' between them. HDF5
// would take "." for the group itself and pass over "", and other programs would climb up by "..".
inline bool is_dataset_name(std::string_view name) {
  for (;;) {
    const auto slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == name.npos) return true;
    name.remove_prefix(slash + 1);
  }
}

}
