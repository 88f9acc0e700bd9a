// Checks a plugin's table before anything is made from it. Pure, thread-safe.
#pragma once

#include "noneq/plugin/description.hpp"

namespace noneq {

// Throws noneq::error naming every parameter that is declared twice, has a key that the pipeline keeps for itself or
// that no --set can reach, or has a default which the table does not allow, and every renamed key that is still a
// parameter or leads to none.
void check_table(const plugin_entry& e);

}
