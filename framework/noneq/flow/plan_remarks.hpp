// Remarks on settings that are valid but seldom intended: one remark each, with its place, for people to read before
// hours are spent. A remark refuses nothing.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// Returns every remark on a checked plan, as errors that are not thrown.
std::vector<error> remarks_on(const plan& p);

// Returns "note: mine.yaml:5:13: process.schedule: …", one line a remark.
std::vector<std::string> remark_lines(const plan& p);

}
