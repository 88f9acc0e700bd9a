#include "noneq/flow/session.hpp"

#include <fmt/format.h>
#include <torch/utils.h>

#include "noneq/flow/checked_source.hpp"
#include "noneq/flow/pieces.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq {

state_visitor save_to(checkpoint& target, const std::string& prefix) {
  return [&target, prefix](const std::string& name, Tensor& t) {
    target.tensors[prefix + "." + name] = t.detach().contiguous().clone();
  };
}

state_visitor restore_from(const checkpoint& saved, const std::string& prefix) {
  return [&saved, prefix](const std::string& name, Tensor& t) {
    const std::string full = prefix + "." + name;
    const auto it = saved.tensors.find(full);
    if (it == saved.tensors.end())
      throw error(
          fmt::format("the checkpoint has no tensor '{}'; the pipeline must be the one it was trained with", full));
    const bool grows = !t.defined() || t.numel() == 0;  // a history that starts empty
    if (!grows && t.sizes() != it->second.sizes())
      throw error(
          fmt::format("the checkpoint's tensor '{}' is {}, need {}; the pipeline must be the one it was trained with",
                      full, to_string(it->second.sizes().vec()), to_string(t.sizes().vec())));
    at::NoGradGuard guard;
    if (grows)
      t = it->second.clone();
    else
      t.copy_(it->second);
  };
}

session::session(noneq::plan p) : plan_(std::move(p)) {
  const plan_node& node = plan_.the("loader");
  refusing(node, [&] {
    source_ =
        checked_source(node.as<loader>().open(std::nullopt, stream().fork(node.id)), node.plugin.entry->full_name());
    take_info(source_->info());
    // One row now: data that does not fit the kernel is refused before anything is trained.
    plan_.process.kernel->check_data(source_->prepare(source_->fetch_rows(0, 1)).at("x0"));
  });
  check_metrics();
  build();
}

void session::take_info(const dataset_info& info) {
  info_ = info;
  if (!plan_.the("model").as<model>().takes_channels()) return;
  if (!info_.if_channels_first.empty()) info_.notes.push_back(info_.if_channels_first);
  if (!info_.axes.empty()) return;
  switch (info_.shape.size()) {
    case 2:
      info_.axes = {"channels", "length"};
      break;
    case 3:
      info_.axes = {"channels", "height", "width"};
      break;
    default:
      break;
  }
}

// Hours of training shall not end at a metric that cannot measure this data.
void session::check_metrics() const {
  problems found;
  for (const plan_node& n : plan_.nodes)
    if (n.role() == "metric")
      found.guard([&] { said_of(n.id, [&] { n.as<metric>().check_data(info_); }); }, n.where, n.id);
  found.raise();
}

session::session(noneq::plan p, const checkpoint& saved) : plan_(std::move(p)) {
  const auto& meta = saved.meta;
  try {
    meta.at("shape").get_to(info_.shape);
    meta.at("classes").get_to(info_.classes);
    meta.at("bin_width").get_to(info_.bin_width);
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
  build();
  for (std::size_t i = 0; i < averages_.size(); ++i)
    for (auto& p : averages_[i].network().named_parameters())
      restore_from(saved, fmt::format("ema.{}", i))(p.key(), p.value());
  visit_state(restore_from(saved, "state"));
  for (auto& p : network().named_parameters()) restore_from(saved, "model")(p.key(), p.value());
  at::NoGradGuard guard;
  plan_.process = plan_.process.refreshed();
}

void session::build() {
  const plan_node& node = plan_.the("model");
  const auto& m = node.as<model>();
  const network_signature signature{info_.shape, plan_.process.outputs(), plan_.process.steps(), info_.classes};
  refusing(node, [&] {
    m.check_signature(signature);
    torch::manual_seed(stream().fork(node.id).bits(0));
    const auto built = [&] { return need_made(m.build(signature), node.plugin.entry->full_name(), "network"); };
    weights_.emplace(built());
    for (std::size_t i = 0; i < plan_.the("trainer").as<trainer>().ema.size(); ++i) averages_.emplace_back(built());
  });
  check_label_dropout();
  check_time();
  at::NoGradGuard guard;
  for (const flat_parameters& average : averages_) {
    for (const Tensor& p : average.parameters()) p.set_requires_grad(false);
    for (std::size_t i = 0; i < average.vectors().size(); ++i) average.vectors()[i].copy_(weights_->vectors()[i]);
  }
  for (const plan_node& n : plan_.nodes)  // what the model cannot give is known before it is trained
    if (n.role() == "sampler") refusing(n, [&] { sampling(*this, n).check(); });
}

void session::check_time() const {
  const plan_node& node = plan_.the("model");
  if (plan_.process.tables.continuous() && !network().takes_any_t())
    throw input_error(
        {error("takes whole steps only, need steps: a number, or a network for continuous time: model.unet, "
               "or model.mlp with time: sinusoidal or log_snr",
               node.id, node.where)});
}

void session::check_label_dropout() const {
  const plan_node& node = plan_.the("noiser");
  if (node.as<noiser>().label_dropout == 0) return;
  const auto refuse = [&](const std::string& what) {
    throw input_error({error(what, node.id + ".label_dropout", node.where)});
  };
  if (info_.classes == 0) refuse("got data without labels, need a loader that gives them");
  if (!network().knows_no_class())
    refuse(fmt::format("got {}, which does not know the label \"no class\"; need no_class: true, or another model",
                       plan_.the("model").plugin.entry->full_name()));
}

noneq::source& session::data() {
  if (!source_) {
    const plan_node& node = plan_.the("loader");
    refusing(node, [&] {
      auto opened =
          checked_source(node.as<loader>().open(info_.normal, stream().fork(node.id)), node.plugin.entry->full_name());
      if (opened->info().shape != info_.shape)
        throw error(fmt::format("the data has samples of shape {}, the model was trained on {}",
                                to_string(opened->info().shape), to_string(info_.shape)));
      if (opened->info().classes > info_.classes)
        throw error(fmt::format("the data has labels up to {}, need {}, as the model was trained",
                                opened->info().classes - 1,
                                info_.classes == 0 ? "none" : fmt::format("0 to {}", info_.classes - 1)));
      source_ = std::move(opened);
    });
    const std::int64_t classes = info_.classes;
    take_info(source_->info());
    info_.classes = classes;  // of the model; a part of the data may lack some
    check_metrics();
  }
  return *source_;
}

source* session::data_if_there() {
  try {
    return &data();
  } catch (const error&) {
    return nullptr;
  }
}

void session::read_data_from(const std::filesystem::path& file) {
  plan_.the("loader").as<loader>().redirect(file);
  source_.reset();
}

denoiser session::denoiser(const std::string& weights) const {
  at::NoGradGuard guard;
  return {plan_.process.refreshed(),
          weights == "ema" && !averages_.empty() ? averages_.front().shared() : weights_->shared()};
}

std::string session::fingerprint(const std::string& weights) const {
  std::map<std::string, Tensor> all{{"shift", info_.normal.shift}, {"scale", info_.normal.scale}};
  for (const auto& p : denoiser(weights).network().named_parameters()) all["model." + p.key()] = p.value();
  for (const auto& l : plan_.process.schedule->learnable()) all["schedule." + l.name] = l.leaf;
  return checksum(all);
}

std::vector<Tensor> session::schedule_parameters(bool by_variance) const {
  std::vector<Tensor> result;
  for (const auto& l : plan_.process.schedule->learnable())
    if (l.by_variance == by_variance) result.push_back(l.leaf);
  return result;
}

void session::stepped() {
  at::NoGradGuard guard;
  ++step_;
  finished_ = false;  // a finished run may be given more steps
  const auto& rates = plan_.the("trainer").as<trainer>().ema;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    // Early averages forget their random start faster than their final rate would.
    const double rate = std::min(rates[i], (1.0 + static_cast<double>(step_)) / (10.0 + static_cast<double>(step_)));
    for (std::size_t k = 0; k < weights_->vectors().size(); ++k) {
      const Tensor &raw = weights_->vectors()[k], &average = averages_[i].vectors()[k];
      in_pieces(raw.numel(), [&](std::int64_t first, std::int64_t n) {
        average.narrow(0, first, n).lerp_(raw.narrow(0, first, n), 1 - rate);
      });
    }
  }
}

void session::visit_state(const state_visitor& visit) {
  const auto nested = [&](const std::string& prefix, object& o) {
    o.state([&](const std::string& name, Tensor& t) { visit(prefix + "." + name, t); });
  };
  nested("schedule", *plan_.process_parts.at("schedule").made);
  nested("time", *plan_.the("noiser").as<noiser>().time);
}

checkpoint session::snapshot() {
  checkpoint c;
  for (auto& p : network().named_parameters()) save_to(c, "model")(p.key(), p.value());
  for (std::size_t i = 0; i < averages_.size(); ++i)
    for (auto& p : averages_[i].network().named_parameters()) save_to(c, fmt::format("ema.{}", i))(p.key(), p.value());
  visit_state(save_to(c, "state"));
  save_to(c, "normalisation")("shift", info_.normal.shift);
  save_to(c, "normalisation")("scale", info_.normal.scale);
  c.meta = {{"step", step_},
            {"finished", finished_},
            {"shape", info_.shape},
            {"classes", info_.classes},
            {"bin_width", info_.bin_width},
            {"range", info_.range},
            {"data", info_.identity},
            {"begun_in", begun_in_},
            {"stored_order", info_.stored_order},
            {"samples", info_.normal.dtype == at::kDouble ? "float64" : "float32"},
            {"seed", plan_.seed}};
  return c;
}

}
