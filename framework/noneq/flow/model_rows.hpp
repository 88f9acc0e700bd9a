// Rows of any stream in the units of a model: the data that a metric measures it on, and the conditions that it reads.
// Pure functions, thread-safe.
#pragma once

#include "noneq/flow/plan_node.hpp"
#include "noneq/plugin/conditions.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq::flow {

// Returns the batch with x0 and the tensors `names` in the units of the model, float32, with 0 in place of numbers that
// were not observed, beside their masks. `of_stream` describes the batch. The other tensors stay. Throws noneq::error
// where a tensor is missing or rows have another shape than the model was trained on.
batch as_model_takes(batch rows, const dataset_info& of_stream, const dataset_info& of_model,
                     const std::vector<std::string>& names);

// Returns a batch of the tensors `names` alone, as above; x0 may be absent, and its mask, which is then all ones.
batch conditions_as_model_takes(const batch& rows, const dataset_info& of_stream, const dataset_info& of_model,
                                const std::vector<std::string>& names);

// Throws noneq::error where rows lack the labels that the model knows, or where a tensor [n, …] has another shape than
// one of samples of the model.
void need_labels(const batch& rows, const dataset_info& of_model);
void need_shape(const std::string& name, const Tensor& x, const sizes& shape);

// Throw noneq::error with the place of the inputs of n, where data of this description has other rows than the model,
// or more classes.
void need_shape_of(const plan_node& n, const dataset_info& rows, const dataset_info& of_model);
void need_classes_of(const plan_node& n, const dataset_info& rows, const dataset_info& of_model);

}
