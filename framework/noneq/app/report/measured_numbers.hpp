// The numbers that a run recorded, as JSON for its page.
#pragma once

#include "noneq/app/report/report_source.hpp"

namespace noneq::app {

// Returns one entry for each number of metrics.jsonl in the order of its first record: {node, plugin, name, unit, on,
// n, loss, step, value, stderr}, the last three as lists. Of very many records of one number, means of neighbours are
// returned, with their errors, and `joined` is how many are in each.
nlohmann::ordered_json numbers_of(const report_source& run);

// Returns the arrays of metrics over an axis, the latest event of each node with the errors, and a few events before:
// {node, plugin, axis, events: [{step, x, curves: [{name, doc, y, stderr}]}]}. Adds to run.missing what cannot be read.
nlohmann::ordered_json curves_of(report_source& run);

// Returns the process at each t, {learned, t, alpha_bar, beta, log_snr}; null where it is not known.
nlohmann::ordered_json schedule_of(report_source& run);

}
