// The files that a pipeline names. Relative names start at the working directory; files of a run that do not exist
// there are searched where the run was begun, so that a run can be used from anywhere. One thread.
#pragma once

#include <filesystem>

#include "noneq/config/value.hpp"
#include "noneq/plugin/registry.hpp"

namespace noneq::flow {

// Replaces each relative name of a file that does not exist, but does within `begun_in`, by the absolute one there.
// Names of writers start at the folder of the run and stay. Errors in the document are left for make_plan.
void look_for_files(config::value& document, registry& plugins, const std::filesystem::path& begun_in);

}
