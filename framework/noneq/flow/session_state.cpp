// The parts of a session that are saved, restored, and put back after work that must leave no trace.
#include <fmt/format.h>
#include <torch/nn/module.h>

#include "noneq/flow/each_part.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/flow/saved_state.hpp"
#include "noneq/flow/session.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/plugin/trainer_contract.hpp"

namespace noneq::flow {

// Visits the plugins of the process, as "process.kernel", and of the nodes, as "noiser" and "noiser.time"; `of` is the
// node, null for the process.
template <class Use>
static void each_plugin(const plan& p, const Use& use) {
  for (const auto& [role, i] : p.process_parts)
    each_part(i, "process." + role, [&](const instance& part, const std::string& at) { use(*part.made, at, nullptr); });
  for (const plan_node& n : p.nodes) {
    each_part(n.plugin, n.id, [&](const instance& part, const std::string& at) { use(*part.made, at, &n); });
    for (std::size_t k = 0; k < n.for_field.size(); ++k)
      use(*n.for_field[k].made, n.id + "." + n.as<transform>().fields[k + 1], &n);
  }
}

static void visit_state(object& o, const std::string& subject, const state_visitor& visit) {
  o.state([&](const std::string& name, Tensor& t) { visit(subject + "." + name, t); });
}

// A run may be resumed with other nodes beside the training, and begin with the weights of a run that had another loss
// and trainer. What gives the weights their meaning is the same.
static bool may_be_new(const plan& p, const plan_node* n, bool weights_only) {
  if (n == nullptr || n->role() == "noiser" || n->role() == "model") return false;
  if (n->role() == "loss" || n->role() == "trainer") return weights_only;
  return n->role() != "transform" || !p.streams.front().has(n->id);
}

void session::restore_state(const storage::checkpoint& saved) {
  const bool weights_only = saved.meta.value("weights_only", false);
  each_plugin(plan_, [&](object& o, const std::string& subject, const plan_node* of) {
    bool saved_all = true;
    visit_state(o, "state." + subject,
                [&](const std::string& name, Tensor&) { saved_all = saved_all && saved.tensors.count(name) > 0; });
    if (saved_all || !may_be_new(plan_, of, weights_only))
      visit_state(o, subject, restore_from(saved, "state"));
    else
      begins_anew_.insert(of->id);
  });
  const std::string of_sources = "source.";
  std::map<std::string, Tensor> sources;
  for (const auto& [name, tensor] : saved.tensors)
    if (name.starts_with(of_sources)) sources[name.substr(of_sources.size())] = tensor;
  data_.restore(std::move(sources));
}

storage::checkpoint session::remembered() {
  storage::checkpoint c;
  each_plugin(plan_, [&](object& o, const std::string& subject, const plan_node* of) {
    // Transforms learn when their data is opened and never change after that.
    if (of == nullptr || of->role() != "transform") visit_state(o, subject, save_to(c, "state"));
  });
  if (weights_)
    for (auto& b : network().named_buffers()) save_to(c, "model")(b.key(), b.value());
  return c;
}

void session::put_back(const storage::checkpoint& before) {
  at::NoGradGuard values_only;
  const auto put = [&](const std::string& name, Tensor& t) {
    if (const auto it = before.tensors.find(name); it != before.tensors.end()) put_state(t, it->second);
  };
  each_plugin(
      plan_, [&](object& o, const std::string& subject, const plan_node*) { visit_state(o, "state." + subject, put); });
  put_buffers(before);
}

void session::each_changed_buffer(const std::function<void(const std::string&, Tensor&)>& use) const {
  std::size_t k = 0;
  for (auto& b : network().named_buffers())
    if (!at::equal(b.value(), built_buffers_[k++])) use(b.key(), b.value());
}

void session::copy_buffers() {
  at::NoGradGuard values_only;
  for (const flat_parameters& average : averages_)
    for (std::size_t k = 0; k < average.buffers().size(); ++k) average.buffers()[k].copy_(weights_->buffers()[k]);
}

void session::put_buffers(const storage::checkpoint& saved) {
  if (!weights_) return;
  at::NoGradGuard values_only;
  for (auto& b : network().named_buffers()) {
    const auto it = saved.tensors.find("model." + b.key());
    if (it == saved.tensors.end()) continue;
    if (b.value().sizes() != it->second.sizes())
      throw error(fmt::format("the network's buffer '{}' is {}, was {}; need buffers that keep their size", b.key(),
                              to_string(b.value().sizes().vec()), to_string(it->second.sizes().vec())));
    b.value().copy_(it->second);
  }
  copy_buffers();
}

void session::restore_process(const storage::checkpoint& saved) {
  at::NoGradGuard values_only;
  plan_.process = plan_.process.refreshed();
  began_ = plan_.process;
  const auto began_with = saved.tensors.find("process.beta");
  if (began_with == saved.tensors.end()) return;
  began_.tables = make_tables(began_with->second);
  began_.tables.log_alpha_bar_at = plan_.process.tables.log_alpha_bar_at;
}

session::session(const noneq::flow::plan& p, const storage::checkpoint& saved)
    : plan_(p.fresh()), data_(plan_, stream()) {
  restored_ = true;
  const auto& meta = saved.meta;
  try {
    meta.at("shape").get_to(info_.shape);
    meta.at("classes").get_to(info_.classes);
    meta.at("bin_width").get_to(info_.bin_width);
    info_.first_class = meta.value("first_class", std::int64_t{0});
    for (const auto& [loader, record] : meta.at("loaded").items()) loaded_[loader] = loaded_from(record);
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
  restore_state(saved);
  before_checks_ = remembered();
  const dataset_info behind = with_masks(data_.along_to(training_data(), loaded_));
  info_.normal.stages = behind.normal.stages;
  info_.fields = behind.fields;
  info_.missing = behind.missing;
  build();
  for (std::size_t i = 0; i < averages_.size(); ++i)
    for (auto& p : averages_[i].network().named_parameters())
      restore_from(saved, fmt::format("ema.{}", i))(p.key(), p.value());
  for (auto& p : network().named_parameters()) restore_from(saved, "model")(p.key(), p.value());
  // Those of other weights mean nothing for a run that begins with them, and nobody moves those of an average.
  if (!meta.value("weights_only", false) && !meta.contains("average"))
    for (auto& [name, tensor] : power_averages()) restore_from(saved, "power")(name, tensor);
  put_buffers(saved);
  restore_process(saved);
}

storage::checkpoint session::snapshot() {
  nlohmann::json loaded = nlohmann::json::object();
  for (const auto& [loader, info] : loaded_) loaded[loader] = record_of(info);
  storage::checkpoint c;
  for (auto& p : network().named_parameters()) save_to(c, "model")(p.key(), p.value());
  each_changed_buffer(save_to(c, "model"));
  for (std::size_t i = 0; i < averages_.size(); ++i)
    for (auto& p : averages_[i].network().named_parameters()) save_to(c, fmt::format("ema.{}", i))(p.key(), p.value());
  for (auto& [name, tensor] : power_averages()) save_to(c, "power")(name, tensor);
  each_plugin(plan_, [&](object& o, const std::string& subject, const plan_node*) {
    visit_state(o, subject, save_to(c, "state"));
  });
  if (has_state(plan_.process_parts.at("schedule"))) save_to(c, "process")("beta", began_.tables.beta);
  data_.state(save_to(c, "source"));
  save_to(c, "normalisation")("shift", info_.normal.shift);
  save_to(c, "normalisation")("scale", info_.normal.scale);
  c.meta = {{"step", step_},
            {"finished", finished_},
            {"shape", info_.shape},
            {"classes", info_.classes},
            {"first_class", info_.first_class},
            {"bin_width", info_.bin_width},
            {"loaded", loaded},
            {"range", info_.range},
            {"data", info_.identity},
            {"begun_in", begun_in_},
            {"stored_order", info_.stored_order},
            {"samples", info_.normal.dtype == at::kDouble ? "float64" : "float32"},
            {"seed", plan_.seed}};
  return c;
}

}
