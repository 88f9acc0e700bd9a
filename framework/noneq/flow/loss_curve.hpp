// The course of the loss, for the writers that stand in the loss node.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq::flow {

// The tensors of the curve.
std::vector<named_tensor_doc> loss_curve_tensors();

// Returns the records of the loss in a run's metrics.jsonl: step int64 [n], loss and loss_stderr float64 [n], in order
// of the steps. Other lines are skipped.
batch loss_curve(const std::filesystem::path& records, const std::string& node);

}
