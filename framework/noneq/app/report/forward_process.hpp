// The forward process of a run's data, to be seen beside the reverse process of its samples.
#pragma once

#include "noneq/app/report/report_source.hpp"

namespace noneq::app {

// Returns x^t of the first `count` rows of the data at these times, in data units and in the order of dimensions that
// files of samples have: [count, times, …]. Undefined where the data, or the checkpoint, is not at hand.
Tensor forward_frames(report_source& run, const std::vector<std::int64_t>& times, std::int64_t count);

}
