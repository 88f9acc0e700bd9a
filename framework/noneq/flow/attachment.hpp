// The nodes that a node hangs on, and the keys of the pipeline it may have: by its role and, for metrics, by what it
// measures. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "noneq/plugin/object.hpp"

namespace noneq {

struct attachment {
  std::vector<std::string> in_roles;  // it stands `in` a node of one of these roles; none: it has no `in`
  bool of_model = false;              // it is asked `of` a model
  bool every = false, at = false;     // whether it has occasions of its own, and may say `at: end`
};

// None for a role whose plugins are parts of the process or of others, and no nodes. made: the plugin; null when it
// could not be made.
std::optional<attachment> attachment_of(std::string_view role, const object* made);

}
