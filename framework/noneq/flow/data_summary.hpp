// Describes the data on one line, as the program understands it: rows, shape and meaning of its dimensions, numbers,
// classes, and how much of it was read. Pure, thread-safe.
#pragma once

#include <string>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq::flow {

std::string summary(const dataset_info& info);

}
