// The pictures and samples of a run, as JSON for its page: PNG files as they are, samples of HDF5 files as pictures or
// as points in the plane. Reads a bounded number of rows, however large the files are.
#pragma once

#include "noneq/app/report/page_budget.hpp"
#include "noneq/app/report/report_source.hpp"

namespace noneq::app {

// Returns one entry for each file of a writer, whose frames are the steps of training at which it was written, the end
// last: {file, node, kind, note, frames: [{label, …}]}. A frame of kind "picture" has src, width and height; of kind
// "points", xy, the numbers x0, y0, x1, …. Adds what cannot be read to run.missing.
nlohmann::ordered_json samples_of(report_source& run, page_budget& budget);

// Returns one entry for each file that has states on the way from noise to data: {file, node, kind, reverse: [frame],
// forward: [frame]}, the label of a frame being its t. The forward process begins at rows of the data; where these are
// not at hand, there is no `forward`.
nlohmann::ordered_json trajectories_of(report_source& run, page_budget& budget);

}
