// Describes what the data was taken for, on one line: rows, shape and what its dimensions are, numbers, classes, and
// how much of it was looked at. Pure, thread-safe.
#pragma once

#include <string>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

std::string summary(const dataset_info& info);

}
