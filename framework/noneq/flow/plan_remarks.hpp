// Remarks on settings that a plan may well mean, but seldom does: one remark each, with its place, for people to read
// before hours are spent. A remark refuses nothing.
#pragma once

#include "noneq/flow/plan.hpp"

namespace noneq {

// Every remark on a checked plan, as errors of which nobody throws one.
std::vector<error> remarks_on(const plan& p);

// "note: mine.yaml:5:13: process.schedule: …", one line a remark.
std::vector<std::string> remark_lines(const plan& p);

}
