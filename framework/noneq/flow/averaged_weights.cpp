#include "noneq/flow/averaged_weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace noneq::flow {

kept_averages::kept_averages(std::filesystem::path run, const trainer& t, storage::checkpoint saved, std::int64_t step)
    : files_(run), widths_(t.averages), saved_(std::move(saved)), step_(step) {
  const std::int64_t last = saved_.meta.at("step");
  if (widths_.empty())
    throw error("has kept no averages; train it with averages: [0.05, 0.1] of the trainer", "", {run.string(), 0, 0});
  if (step_ == 0) step_ = last;
  const auto there = files_.steps();
  for (const std::int64_t s : there)
    if (s <= step_ && s <= last) steps_.push_back(s);
  if (step_ == last && !steps_.empty() && steps_.back() == last) steps_.pop_back();
  if (step_ == last) return;
  if (steps_.empty() || steps_.back() != step_) {
    std::vector<std::int64_t> known;
    for (const std::int64_t s : there)
      if (s < last) known.push_back(s);
    known.push_back(last);
    throw error(fmt::format("has no snapshot of step {}, need one of {}", step_, fmt::join(known, ", ")), "",
                {run.string(), 0, 0});
  }
}

// The snapshots in order, each with its averages, and behind them, at the last step, the averages of the checkpoint.
profile_fit kept_averages::fit(double width) const {
  std::vector<power_profile> given;
  const auto add = [&](std::int64_t step) {
    for (const double kept : widths_) given.push_back({static_cast<double>(step), exponent_of_width(kept)});
  };
  for (const std::int64_t s : steps_) add(s);
  if (steps_.empty() || steps_.back() != step_) add(step_);
  return fit_profile(given, {static_cast<double>(step_), exponent_of_width(width)});
}

named_tensors kept_averages::of_width(double width) const {
  const profile_fit combined = fit(width);
  named_tensors sum;
  std::map<std::string, at::ScalarType> types;
  std::size_t next = 0;
  const auto add = [&](const named_tensors& all, const std::string& before) {
    for (std::size_t i = 0; i < widths_.size(); ++i, ++next) {
      const std::string prefix = fmt::format("{}{}.", before, i);
      for (auto it = all.lower_bound(prefix); it != all.end() && it->first.starts_with(prefix); ++it) {
        const std::string name = it->first.substr(prefix.size());
        const Tensor part = it->second.to(at::kDouble) * combined.factors[next];
        types.try_emplace(name, it->second.scalar_type());
        const auto [place, first] = sum.try_emplace(name, part);
        if (!first) place->second = place->second + part;
      }
    }
  };
  for (const std::int64_t s : steps_) add(files_.load(s), "");
  if (steps_.empty() || steps_.back() != step_) add(saved_.tensors, "power.");
  for (auto& [name, t] : sum) t = t.to(types.at(name));
  return sum;
}

storage::checkpoint averaged_checkpoint(storage::checkpoint saved, const named_tensors& weights, std::int64_t step,
                                        const nlohmann::json& origin) {
  std::erase_if(saved.tensors,
                [](const auto& t) { return t.first.starts_with("optimizer.") || t.first.starts_with("power."); });
  for (auto& [name, tensor] : saved.tensors)
    for (const auto& [parameter, average] : weights)
      if (name == "model." + parameter || (name.starts_with("ema.") && name.substr(name.find('.', 4) + 1) == parameter))
        tensor = average;
  saved.meta["step"] = step;
  saved.meta["finished"] = true;
  saved.meta["event_due"] = false;
  saved.meta["average"] = origin;
  return saved;
}

}
