// Checks a plugin's table before anything is made from it. Pure, thread-safe.
#pragma once

#include "noneq/plugin/description.hpp"

namespace noneq {

// Throws noneq::error naming every parameter that is declared twice, has a key that the pipeline keeps for itself or no
// --set can reach, or whose default is not one of the values that the table allows, and every renamed key that is still
// a parameter or leads to none.
void check_table(const plugin_entry& e);

}
