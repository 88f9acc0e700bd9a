// Removes leftovers of a run that was killed or is replaced from its folder, beside the files its writers finished.
// Called by the one run that holds the folder; files that cannot be removed stay.
#pragma once

#include <filesystem>
#include <vector>

#include "noneq/config/value.hpp"

namespace noneq::flow {

// Removes temporary files, beside those that a run like one of `pipelines` makes, that no process is writing any more,
// and the folders in which a run rehearsed its writers.
void remove_half_written(const std::filesystem::path& folder, const std::vector<config::value>& pipelines);

// Removes the files that metrics computed from the data and kept in reference/.
void remove_kept(const std::filesystem::path& folder);

}
