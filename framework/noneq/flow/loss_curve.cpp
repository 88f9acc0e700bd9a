#include "noneq/flow/loss_curve.hpp"

#include <map>

#include "noneq/flow/json_lines.hpp"

namespace noneq::flow {

std::vector<named_tensor_doc> loss_curve_tensors() {
  return {{"step", "int64 [n]: training step of each record", extent::per_step},
          {"loss", "float64 [n]: mean of the losses since the record before", extent::per_step},
          {"loss_stderr", "float64 [n]: its standard error over the steps", extent::per_step}};
}

batch loss_curve(const std::filesystem::path& records, const std::string& node) {
  struct point {
    double loss, error;
  };
  std::map<std::int64_t, point> found;
  each_json_line(records, [&](const nlohmann::json& record, const std::string&) {
    if (const auto step = step_in(record); step && text_at(record, "node") == node && text_at(record, "name") == "loss")
      found[*step] = {number_at(record, "value"), number_at(record, "stderr")};
  });
  std::vector<std::int64_t> steps;
  std::vector<double> losses, errors;
  for (const auto& [step, at] : found) steps.push_back(step), losses.push_back(at.loss), errors.push_back(at.error);
  return {0,
          0,
          {{"step", at::tensor(steps, at::kLong)},
           {"loss", at::tensor(losses, at::kDouble)},
           {"loss_stderr", at::tensor(errors, at::kDouble)}}};
}

}
