#include "noneq/flow/data_summary.hpp"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq::flow {
namespace {

std::string rows(const dataset_info& info) {
  if (info.count < 0) return "drawn without end";
  std::string text = fmt::format("{} rows to train on", info.count);
  for (const auto& [part, n] : info.parts)
    if (part != "train") text += fmt::format(", {} of {}", n, part);
  return text;
}

// Writes the map from x to x⁰ with all its stages, one within the other.
std::string map_text(const normalisation& n) {
  std::string text = "x";
  std::set<std::int64_t> counts;  // numbers in each shift or scale that is no single number
  const auto affine = [&](const Tensor& shift, const Tensor& scale) {
    const std::int64_t some = std::max(shift.numel(), scale.numel());
    if (some > 1) counts.insert(some);
    if (some > 1)
      text = fmt::format("({} − shift)/scale", text);
    else if (const auto by = shift.item<double>(), over = scale.item<double>(); by != 0 || over != 1)
      text = fmt::format("({} − {:.9g})/{:.6g}", text, by, over);
  };
  for (const normalisation::stage& s : n.stages) {
    affine(s.shift, s.scale);
    text = fmt::format("{}({})", s.map.name, text);
  }
  affine(n.shift, n.scale);
  return "x⁰ = " + text + (counts.size() == 1 ? fmt::format(" with {} of each", *counts.begin()) : "");
}

std::string numbers(const dataset_info& info) {
  const normalisation& n = info.normal;
  std::string text =
      info.found.empty() ? "" : fmt::format("numbers from {:.9g} to {:.9g}, ", info.found[0], info.found[1]);
  text += map_text(n);
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
