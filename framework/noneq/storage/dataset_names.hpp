#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "noneq/core/error.hpp"

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

// Throws noneq::error where it may not. `file` is the name of the file in messages.
inline void need_dataset_name(const std::string& file, const std::string& dataset) {
  if (!is_dataset_name(dataset))
    throw error(fmt::format("{}: got dataset name '{}', need one like 'a' or 'a/b'", file, dataset));
}

}
