// The tensors of data beside x0, its fields, and numbers that were not observed. Pure functions, thread-safe.
//
// Between a loader and the nodes that compute with data, a number that was not observed is NaN, which every transform
// keeps. with_masks() replaces it by 0 and adds the mask. So masks need no transforms of their own.
#pragma once

#include <functional>

#include "noneq/plugin/roles/loader.hpp"

namespace noneq::flow {

// Returns the name of the mask of x0, "mask", or of a field, "low_mask".
std::string mask_of(const std::string& tensor);
// Returns whether a name may be one that mask_of() returns.
bool is_name_of_mask(const std::string& name);

// Returns the data described as if `field` was its x0, as a transform of that field receives it; and `whole` with what
// the transform returned as the description of the field. For "x0" the first returns `whole`, the second `of_field`.
dataset_info as_x0(const dataset_info& whole, const std::string& field);
dataset_info with_field(const dataset_info& whole, const std::string& field, const dataset_info& of_field);

// Calls run() with a batch whose x0 is the tensor `field`, and returns the batch with the tensor that became of it. The
// other tensors are those of `b`.
batch on_field(batch b, const std::string& field, const std::function<batch(batch)>& run);

// An input of a join: its data, and new names for its tensors.
struct described_input {
  const dataset_info& info;
  const std::map<std::string, std::string>& as;
};
// Returns the description of data whose rows are joined: x0 is that of the input whose x0 keeps its name, and has no
// meaning where there is none; fields are those of all inputs, and each x0 that got another name. The rest is that of
// the first input.
dataset_info joined_info(const std::vector<described_input>& inputs);

// Return the batch with these tensors, or with x0 and all fields, in data units, as far as the data has them.
batch in_data_units(batch rows, const dataset_info& info, const std::vector<std::string>& names);
batch in_data_units(batch rows, const dataset_info& info);

// Returns the batch with x0 and all fields as float32, and 0 in place of each number that was not observed, beside
// masks: float32, 1 where a number was observed and 0 elsewhere. with_missing() undoes that for data that has its
// masks.
batch with_masks(batch b, const dataset_info& info);
batch with_missing(batch b, const dataset_info& info);
// Returns the description of data behind with_masks(): numbers are float32, and masks are fields.
dataset_info with_masks(dataset_info info);

}
