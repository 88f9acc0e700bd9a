// The keys of the pipeline that a node may have beside its plugin's parameters, which follow from its kind and its
// inputs. Pure, thread-safe.
#pragma once

#include <optional>

#include "noneq/plugin/description.hpp"

namespace noneq::flow {

struct attachment {
  bool in = false, needs_in = false;  // whether it may have inputs, and whether it must
  bool of = false;                    // whether it takes a model
  bool every = false, at = false;     // whether it may have events of its own
};

// Returns nothing for a part of the process or of another plugin, which is no node.
std::optional<attachment> attachment_of(const plugin_entry& e);

}
