// How a session is made from a checkpoint, and a checkpoint from a session.
#include <fmt/format.h>

#include "noneq/flow/each_part.hpp"
#include "noneq/flow/saved_state.hpp"
#include "noneq/flow/session.hpp"

namespace noneq {

static std::map<std::string, Tensor> saved_sources(const checkpoint& saved) {
  const std::string prefix = "source.";
  std::map<std::string, Tensor> all;
  for (const auto& [name, tensor] : saved.tensors)
    if (name.starts_with(prefix)) all[name.substr(prefix.size())] = tensor;
  return all;
}

session::session(const noneq::plan& p, const checkpoint& saved) : plan_(p.fresh()), data_(plan_, stream()) {
  restored_ = true;
  const auto& meta = saved.meta;
  try {
    meta.at("shape").get_to(info_.shape);
    meta.at("classes").get_to(info_.classes);
    meta.at("bin_width").get_to(info_.bin_width);
    info_.first_class = meta.value("first_class", std::int64_t{0});
    loaded_ = loaded_from(meta.at("loaded"));
    info_.range = meta.value("range", std::vector<double>{});
    info_.identity = meta.value("data", "");
    info_.stored_order = meta.value("stored_order", sizes{});
    info_.normal.dtype = meta.value("samples", "float32") == "float64" ? at::kDouble : at::kFloat;
    meta.at("step").get_to(step_);
    meta.at("finished").get_to(finished_);
  } catch (const nlohmann::json::exception& e) {
    throw error(fmt::format("checkpoint.json: {}", e.what()));
  }
  const auto get = restore_from(saved, "normalisation");
  info_.normal.shift = info_.normal.scale = Tensor();
  get("shift", info_.normal.shift);
  get("scale", info_.normal.scale);
  visit_state(restore_from(saved, "state"));
  data_.restore(saved_sources(saved));
  info_.normal.stages = data_.along_to(training_data(), loaded_).normal.stages;
  build();
  for (std::size_t i = 0; i < averages_.size(); ++i)
    for (auto& p : averages_[i].network().named_parameters())
      restore_from(saved, fmt::format("ema.{}", i))(p.key(), p.value());
  for (auto& p : network().named_parameters()) restore_from(saved, "model")(p.key(), p.value());
  at::NoGradGuard guard;
  plan_.process = plan_.process.refreshed();
}

void session::visit_state(const state_visitor& visit) {
  const auto all_of = [&](const instance& i, const std::string& subject) {
    each_part(i, subject, [&](const instance& part, const std::string& at) {
      part.made->state([&](const std::string& name, Tensor& t) { visit(at + "." + name, t); });
    });
  };
  for (const auto& [role, i] : plan_.process_parts) all_of(i, "process." + role);
  for (const plan_node& n : plan_.nodes) all_of(n.plugin, n.id);
}

checkpoint session::snapshot() {
  checkpoint c;
  for (auto& p : network().named_parameters()) save_to(c, "model")(p.key(), p.value());
  for (std::size_t i = 0; i < averages_.size(); ++i)
    for (auto& p : averages_[i].network().named_parameters()) save_to(c, fmt::format("ema.{}", i))(p.key(), p.value());
  visit_state(save_to(c, "state"));
  data_.state(save_to(c, "source"));
  save_to(c, "normalisation")("shift", info_.normal.shift);
  save_to(c, "normalisation")("scale", info_.normal.scale);
  c.meta = {{"step", step_},
            {"finished", finished_},
            {"shape", info_.shape},
            {"classes", info_.classes},
            {"bin_width", info_.bin_width},
            {"first_class", info_.first_class},
            {"loaded", record_of(loaded_)},
            {"range", info_.range},
            {"data", info_.identity},
            {"begun_in", begun_in_},
            {"stored_order", info_.stored_order},
            {"samples", info_.normal.dtype == at::kDouble ? "float64" : "float32"},
            {"seed", plan_.seed}};
  return c;
}

}
