#include "noneq/flow/loss_curve.hpp"

#include <fstream>
#include <limits>
#include <map>

#include <nlohmann/json.hpp>

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
  std::ifstream lines(records);
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("node", nlohmann::json()) != node ||
        record.value("name", nlohmann::json()) != "loss" || !record.contains("step") ||
        !record["step"].is_number_integer())
      continue;
    const auto number = [&](const char* key) {
      const auto it = record.find(key);
      return it != record.end() && it->is_number() ? it->get<double>() : std::numeric_limits<double>::quiet_NaN();
    };
    found[record["step"].get<std::int64_t>()] = {number("value"), number("stderr")};
  }
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
