// The arrays that metrics find, as curves: the array they are drawn over, and what the metric's plugin states of each.
// Pure functions.
#pragma once

#include <map>
#include <string>

#include "noneq/flow/plan.hpp"

namespace noneq::flow {

// The arrays of one metric at one event, by name.
using event_arrays = std::map<std::string, Tensor>;

// Returns the description of an array of a node; nullptr where the plan is not known, or the plugin does not state it.
const named_tensor_doc* doc_of(const plan* p, const std::string& node, const std::string& array);

// Returns the words of a description without shape and type: "bits that each step costs".
std::string words_of(const named_tensor_doc* doc);

// Returns the array over which the others are drawn: the axis that the metric declares, or t, or step; "" for none.
std::string axis_of(const plan* p, const std::string& node, const event_arrays& arrays);

// Returns whether an array is the standard error of another one.
bool is_error_of_other(const std::string& array, const event_arrays& arrays);

}
