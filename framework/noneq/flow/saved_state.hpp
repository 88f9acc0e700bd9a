// Tensors as a checkpoint keeps them, under "prefix.name". The visitors are valid as long as the checkpoint.
#pragma once

#include "noneq/plugin/object.hpp"
#include "noneq/storage/checkpoint.hpp"

namespace noneq::flow {

// Copies each tensor that is shown into the checkpoint.
state_visitor save_to(storage::checkpoint& target, const std::string& prefix);
// Replaces each tensor that is shown by the saved one; an empty tensor takes any shape. Throws noneq::error naming the
// tensor that is missing, or of another shape.
state_visitor restore_from(const storage::checkpoint& saved, const std::string& prefix);

}
