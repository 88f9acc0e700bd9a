// The places where the rows are stored that reach a sink, for the description of what it writes. One thread.
#pragma once

#include <set>

#include <nlohmann/json.hpp>

#include "noneq/flow/session.hpp"

namespace noneq::flow {

// Returns, by tensor, the place where its numbers are stored, as far as they reach the sink in their own units; and
// under "" the place with whose rows all others go. Empty for a sink of a pipeline that trains, whose rows are parts.
std::map<std::string, stored_place> described_rows(session& s, const plan_node& sink);

// Returns the files that the loaders of a plan read.
std::set<std::filesystem::path> input_files(session& s);
// Returns {file, bytes, time}: the path, and when it was written last, in UTC.
nlohmann::ordered_json file_text(const std::filesystem::path& file);

// Returns the attributes by which a file of a pass states where it comes from: the pipeline, its seed, its command, and
// the files it reads with their sizes and times.
std::map<std::string, std::string> provenance_of_pass(session& s, const std::string& command);

}
