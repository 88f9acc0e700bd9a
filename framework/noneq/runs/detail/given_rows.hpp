// The tensors of a request, checked and in the form of a batch.
#pragma once

#include <set>

#include "noneq/plugin/roles/loader.hpp"
#include "noneq/runs.hpp"

namespace noneq::runs {

// Returns the number of rows of a request. Throws input_error with every problem, where its tensors are not those that
// a task needs, by the shape of a row: `label` may always be given to a model of classes.
std::int64_t checked_rows(const request& r, const std::map<std::string, shape>& needs, const dataset_info& model);

// Returns the tensors of a checked request, which share its memory, with classes from 0; and the numbers of the rows.
// Throws noneq::error
// where a number is not finite, but for NaN in the tensors `missing`.
batch batch_of(const request& r, std::int64_t rows, const std::set<std::string>& missing, const dataset_info& model);

}
