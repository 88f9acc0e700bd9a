// Paths and keys of maps as a file has them, which may lack some and have others that are not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "noneq/config/value.hpp"

namespace noneq::config {

// Returns the value at a path such as "schedule.steps" below this one; the nearest part above it that is written, where
// it is not.
const value& nearest_at(const value& top, std::string_view path);

// Returns the keys of the map that are not known, in their order.
std::vector<std::string> unknown_keys(const value& map, const std::vector<std::string>& known);

// Returns whether an unknown key of the map stands for this known one, which it lacks: the mistake is one, and is
// reported where the unknown key stands.
bool is_mistyped(const value& map, std::string_view key, const std::vector<std::string>& known);

// Returns whether the value of a key may be meant as one of a list without brackets, as the second in {hidden: 8, 8}.
bool is_of_list(const value& map, const std::string& key);

// Returns the end of a message about this unknown key: the known one that it may stand for, the space that it lacks
// behind its ':', or the brackets that its list lacks; "" where none is likely.
std::string remedy_of_key(const value& map, const std::string& key, const std::vector<std::string>& known);

}
