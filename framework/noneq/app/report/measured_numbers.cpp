#include "noneq/app/report/measured_numbers.hpp"

#include <fmt/format.h>

#include "noneq/app/trained_run.hpp"
#include "noneq/flow/json_lines.hpp"
#include "noneq/flow/kept_arrays.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"

namespace noneq::app {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t most_points = 1500;

using flow::number_at;
using flow::text_at;

struct course {
  std::string node, name, unit, on;
  std::int64_t n = 0;
  struct point {
    double value, error;
  };
  std::map<std::int64_t, point> points;  // by step; the last record of a step counts
};

// Records of equal numbers of steps are joined to their mean, at the mean of their steps; their errors are independent.
// Values that are not finite are left out.
ordered_json joined(const course& c, std::size_t of_each) {
  ordered_json step = ordered_json::array(), value = step, error = step;
  double sum = 0, squares = 0, steps = 0;
  std::size_t met = 0, finite = 0, k = 0;
  for (const auto& [at, p] : c.points) {
    if (std::isfinite(p.value)) sum += p.value, squares += p.error * p.error, ++finite;
    steps += static_cast<double>(at), ++met, ++k;
    if (met < of_each && k < c.points.size()) continue;
    const auto n = static_cast<double>(finite);
    step.push_back(of_each == 1 ? ordered_json(at) : ordered_json(std::round(steps / static_cast<double>(met))));
    value.push_back(sum / n), error.push_back(std::sqrt(squares) / n);  // 0/0 where none is; JSON turns NaN into null
    sum = squares = steps = 0, met = finite = 0;
  }
  return {{"step", step}, {"value", value}, {"stderr", error}};
}

std::vector<course> courses_of(const report_source& run) {
  std::vector<course> all;
  std::map<std::string, std::size_t> place;
  for (const auto& r : run.records) {
    if (!r.contains("step") || !r["step"].is_number_integer() || text_at(r, "name").empty()) continue;
    const std::string node = text_at(r, "node"), name = text_at(r, "name"), on = text_at(r, "on");
    const auto [at, is_new] = place.try_emplace(node + "\n" + name + "\n" + on, all.size());
    if (is_new) all.push_back({node, name, text_at(r, "unit"), on, 0, {}});
    course& c = all[at->second];
    if (const double n = number_at(r, "n"); n > 0) c.n = static_cast<std::int64_t>(n);
    c.points[r["step"].get<std::int64_t>()] = {number_at(r, "value"), number_at(r, "stderr")};
  }
  return all;
}

// The curves of all events that can be read; a line about them where they cannot.
std::map<std::string, std::map<std::int64_t, flow::event_arrays>> stored_arrays(report_source& run) {
  try {
    auto all = flow::read_kept_arrays(run.folder.arrays());
    for (auto& [node, events] : all)
      for (auto& [step, arrays] : events) {
        std::erase_if(arrays, [](const auto& array) { return array.second.dim() != 1; });
        for (auto& [name, x] : arrays) x = x.to(at::kDouble).contiguous();
      }
    return all;
  } catch (const error& e) {
    run.missing.push_back(fmt::format("The arrays of metrics cannot be read: {}.", e.what()));
    return {};
  }
}

const flow::plan* plan_of(const report_source& run) { return run.plan ? &*run.plan : nullptr; }

ordered_json list_of(const Tensor& x, std::int64_t every) {
  ordered_json all = ordered_json::array();
  for (std::int64_t i = 0; i < x.size(0); i += every) {
    const double v = x.data_ptr<double>()[i];
    all.push_back(std::isfinite(v) ? ordered_json(std::strtod(fmt::format("{:.5g}", v).c_str(), nullptr)) : nullptr);
  }
  return all;
}

ordered_json event_of(const report_source& run, const std::string& node, std::int64_t step,
                      const flow::event_arrays& arrays, const std::string& axis) {
  const Tensor& x = arrays.at(axis);
  const std::int64_t every = (x.size(0) - 1) / static_cast<std::int64_t>(most_points) + 1;
  ordered_json curves = ordered_json::array();
  for (const auto& [name, y] : arrays) {
    const auto band = arrays.find(name + "_stderr");
    if (name == axis || flow::is_error_of_other(name, arrays) || y.size(0) != x.size(0)) continue;
    const auto* doc = flow::doc_of(plan_of(run), node, name);
    if (doc != nullptr && doc->extent == extent::other) continue;
    ordered_json curve{{"name", name}, {"doc", flow::words_of(doc)}, {"y", list_of(y, every)}};
    if (band != arrays.end()) curve["stderr"] = list_of(band->second, every);
    curves.push_back(std::move(curve));
  }
  return {{"step", step}, {"x", list_of(x, every)}, {"curves", std::move(curves)}};
}

ordered_json column(const Tensor& x, std::int64_t every) { return list_of(x.to(at::kDouble).contiguous(), every); }

}

ordered_json numbers_of(const report_source& run) {
  ordered_json all = ordered_json::array();
  for (const course& c : courses_of(run)) {
    const std::string plugin = run.plugin_of(c.node);
    const std::size_t of_each = (c.points.size() - 1) / most_points + 1;
    ordered_json number{{"node", c.node},
                        {"plugin", plugin},
                        {"name", c.name},
                        {"unit", c.unit},
                        {"on", c.on},
                        {"n", c.n},
                        {"loss", plugin.starts_with("loss.")},
                        {"joined", of_each}};
    number.update(joined(c, of_each));
    all.push_back(std::move(number));
  }
  return all;
}

ordered_json curves_of(report_source& run) {
  constexpr std::size_t most_events = 6;
  ordered_json all = ordered_json::array();
  for (const auto& [node, events] : stored_arrays(run)) {
    const std::string axis = flow::axis_of(plan_of(run), node, events.rbegin()->second);
    if (axis.empty()) continue;
    ordered_json shown = ordered_json::array();
    const std::size_t n = events.size(), most = std::min(n, most_events);
    for (std::size_t k = 0; k < most; ++k) {
      const std::size_t i = most == 1 ? n - 1 : k * (n - 1) / (most - 1);
      const auto& [step, arrays] = *std::next(events.begin(), static_cast<std::ptrdiff_t>(i));
      if (!arrays.count(axis)) continue;
      ordered_json event = event_of(run, node, step, arrays, axis);
      if (!event["curves"].empty()) shown.push_back(std::move(event));
    }
    if (!shown.empty())
      all.push_back({{"node", node}, {"plugin", run.plugin_of(node)}, {"axis", axis}, {"events", std::move(shown)}});
  }
  return all;
}

ordered_json schedule_of(report_source& run) {
  if (!run.plan || !run.plan->process.kernel) return nullptr;
  try {
    const bool learned = run.plan->learns_schedule() && !run.trained.is_null();
    tables t = run.plan->process.tables;
    if (learned)
      t = open_run(run.folder.path().string(), run.plugins, [](config::value& d) { flow::remove_beside_model(d); })
              ->denoiser("raw")
              .process()
              .tables;
    const std::int64_t every = (t.steps() - 1) / 500 + 1;
    return {{"learned", learned},
            {"t", column(at::arange(1, t.steps() + 1), every)},
            {"alpha_bar", column(t.alpha_bar.detach(), every)},
            {"beta", column(t.beta.detach(), every)},
            {"log_snr", column(t.snr.detach().log(), every)}};
  } catch (const error& e) {
    run.missing.push_back(fmt::format("The schedule cannot be shown: {}.", first_line(e.what())));
    return nullptr;
  }
}

}
