#include "noneq/flow/data_summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq {
namespace {

std::string rows(const dataset_info& info) {
  if (info.count < 0) return "drawn without end";
  std::string text = fmt::format("{} rows to train on", info.count);
  for (const auto& [part, n] : info.parts)
    if (part != "train") text += fmt::format(", {} of {}", n, part);
  return text;
}

std::string numbers(const dataset_info& info) {
  const normalisation& n = info.normal;
  std::string text =
      info.found.empty() ? "" : fmt::format("numbers from {:.9g} to {:.9g}, ", info.found[0], info.found[1]);
  const Tensor shift = n.shift.to(at::kDouble), scale = n.scale.to(at::kDouble);
  if (scale.numel() > 1 || shift.numel() > 1)
    text += fmt::format("x⁰ = (x − shift)/scale with {} of each", std::max(scale.numel(), shift.numel()));
  else if (shift.item<double>() == 0 && scale.item<double>() == 1)
    text += "x⁰ = x";
  else
    text += fmt::format("x⁰ = (x − {:.9g})/{:.6g}", shift.item<double>(), scale.item<double>());
  if (!info.range.empty()) text += fmt::format(", range {:.6g} to {:.6g}", info.range[0], info.range[1]);
  return text + (n.dtype == at::kDouble ? ", samples in float64" : "");
}

}

std::string summary(const dataset_info& info) {
  std::string text = fmt::format("{}; samples {}", rows(info), to_string(info.shape));
  if (!info.axes.empty()) text += fmt::format(" ({})", fmt::join(info.axes, ", "));
  text += "; " + numbers(info);
  text += info.classes > 0 ? fmt::format("; {} classes", info.classes) : "; no classes";
  return text + (info.examined.empty() ? "" : "; " + info.examined);
}

}
