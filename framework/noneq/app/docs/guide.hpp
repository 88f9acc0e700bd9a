// The pages that people wrote, README.md, docs/*.md and pipelines/, as pages of the site.
#pragma once

#include "noneq/app/docs/site.hpp"

namespace noneq::app {

// Adds every page (*.md), pipeline (*.yaml) and picture (*.png) of a folder and the folders below it. A link to one of
// them leads to its page; another one is left out, and its text stays. Throws noneq::error for a file that cannot be
// read.
void add_guide(site& s, const std::filesystem::path& folder);

}
