// The page of one or several runs: one HTML file that needs no other, and no network.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "noneq/plugin/registry.hpp"

namespace noneq::app {

// Returns the HTML of the runs in these folders, side by side where there are several. With `state`, the page loads
// itself again when /state of its server differs from it. Throws input_error where a folder is not that of a run (see
// read_run), noneq::error where the page's own files are not installed.
std::string report_page(const std::vector<std::filesystem::path>& folders, registry& plugins,
                        const std::optional<std::string>& state = {});

// Writes the page of one run into its folder, report.html, and returns its name. A file of this name that is no report
// stays: throws input_error. Errors: those of report_page(), and those of writing a file.
std::filesystem::path write_report(const std::filesystem::path& folder, registry& plugins);

}
