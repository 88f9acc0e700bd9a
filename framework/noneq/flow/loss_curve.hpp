// The course of the loss, for the writers that stand in the loss node.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {

// The tensors of the curve.
std::vector<named_tensor_doc> loss_curve_tensors();

// Its records in a run's metrics.jsonl: step int64 [n], loss and loss_stderr float64 [n], in order of the steps; lines
// that are no such record are passed over.
batch loss_curve(const std::filesystem::path& records, const std::string& node);

}
