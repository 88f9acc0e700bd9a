#include "noneq/flow/session.hpp"

#include <fmt/format.h>
#include <torch/utils.h>

#include "noneq/flow/fields.hpp"
#include "noneq/flow/observers.hpp"
#include "noneq/flow/pass_rows.hpp"
#include "noneq/flow/plan_checks.hpp"
#include "noneq/flow/power_profiles.hpp"
#include "noneq/flow/run_folder.hpp"
#include "noneq/flow/sampling.hpp"
#include "noneq/flow/trimmed_pipeline.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model.hpp"
#include "noneq/plugin/row_pass.hpp"

namespace noneq::flow {

session::session(const noneq::flow::plan& p, models known)
    : plan_(p.fresh()),
      began_(plan_.process),
      data_(plan_, stream()),
      before_checks_(remembered()),
      others_(std::move(known)) {
  if (plan_.trains()) {
    const plan_node& node = plan_.training().loader;
    refusing(node, [&] {
      source& rows = data_.behind(training_data());
      opened_ = true;
      loaded_ = data_.loaded(training_data());
      if (!rows.info().untrainable.empty()) throw error(rows.info().untrainable);
      take_info(rows.info());
      // One row now: data that does not fit the kernel is refused before anything is trained.
      plan_.process.kernel->check_data(rows.prepare(rows.fetch_rows(0, 1)).at("x0"));
    });
    build();
  }
  open_streams();
  check_metrics();
}

const plan_node& session::training_data() const { return plan_.training().noiser; }

void session::open_streams() {
  config::problems found;
  for (const plan_node& n : plan_.nodes)
    if (!n.of_run.empty()) found.guard([&] { check_with_model(model_of(n).plan(), n, found); }, n.where, n.id);
  for (const stream_nodes& stream : plan_.streams) {
    if (stream.trains && !opened_) continue;  // a trained model draws without the data
    for (const std::string& id : stream.nodes) {
      const plan_node& n = plan_.node(id);
      if (ends_rows(stream, n) && !data_.has(n)) found.guard([&] { open_rows(n); }, n.where, n.id);
      if (stream.trains || n.role() != "sampler" || !found.empty()) continue;
      observer nobody;
      if (!n.of_run.empty())
        found.guard([&] { working(n, [&] { sampling(*this, n, nobody).check(); }); }, n.where, n.id);
      if (!n.in.empty() && found.empty()) found.guard([&] { working(n, [&] { check_rows(n); }); }, n.where, n.id);
    }
  }
  found.raise();
  for (const stream_nodes& stream : plan_.streams)
    if (!stream.trains) check_batches(*this, stream, found);
  found.raise();
}

// A loader, or the last of a chain of transforms: one pass over the rows serves the whole chain.
bool session::ends_rows(const stream_nodes& s, const plan_node& n) const {
  if (n.kind() != node_kind::source && !n.prepares_data()) return false;
  const auto after = plan_.followers(n.id);
  return std::none_of(after.begin(), after.end(),
                      [&](const plan_node* f) { return s.has(f->id) && f->prepares_data(); });
}

void session::open_rows(const plan_node& n) {
  // The state of transforms was restored with the model, but for those that the run did not have then.
  const auto before = plan_.before(n);
  const bool known =
      std::none_of(before.begin(), before.end(), [&](const plan_node* b) { return begins_anew_.count(b->id) > 0; });
  if (restored_ && known && n.role() == "transform")
    data_.behind(n, opened_data::known_data{});
  else
    data_.behind(n);
}

// Numbers trained on as they are, though noise of variance 1 is much wider or narrower.
static void note_unscaled(dataset_info& info) {
  if (info.found.empty() || !info.normal.is_identity()) return;
  const double size = std::max(std::abs(info.found[0]), std::abs(info.found[1]));
  if (size <= 50 && size >= 0.02) return;
  info.notes.push_back(c10::str(info.name_of("train"), " has numbers from ", info.found[0], " to ", info.found[1],
                                ", which are trained on as they are, beside noise of variance 1; {plugin: "
                                "transform.standardise} behind the loader brings them to mean 0 and variance 1"));
}

void session::take_info(const dataset_info& info) {
  info_ = info;
  if (!restored_) note_unscaled(info_);
  if (!plan_.training().model.as<model>().takes_channels()) return;
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

void session::build() {
  const plan_node& node = plan_.training().model;
  const auto& m = node.as<model>();
  refusing(node, [&] {
    const network_signature signature{info_.shape,   plan_.process.outputs(), plan_.process.steps(),
                                      info_.classes, condition_shapes(),      stream().fork(node.id)};
    m.check_signature(signature);
    torch::manual_seed(signature.first_weights.bits(0));
    const auto built = [&] { return need_made(m.build(signature), node.plugin.entry->full_name(), "network"); };
    weights_.emplace(built());
    for (std::size_t i = 0; i < plan_.training().trainer.as<trainer>().ema.size(); ++i) averages_.emplace_back(built());
    for (const Tensor& b : weights_->buffers()) built_buffers_.push_back(b.clone());
  });
  check_label_dropout();
  check_missing();
  check_time();
  at::NoGradGuard guard;
  for (const flat_parameters& average : averages_) {
    for (const Tensor& p : average.parameters()) p.set_requires_grad(false);
    for (std::size_t i = 0; i < average.vectors().size(); ++i) average.vectors()[i].copy_(weights_->vectors()[i]);
  }
  for (std::size_t i = 0; i < plan_.training().trainer.as<trainer>().averages.size(); ++i)
    for (std::vector<Tensor>& of_width = powers_.emplace_back(); const Tensor& v : weights_->vectors())
      of_width.push_back(v.detach().clone());
  observer nobody;
  for (const plan_node& n : plan_.nodes)  // a model that cannot serve a node is refused before it is trained
    if (n.role() == "sampler") refusing(n, [&] { sampling(*this, n, nobody).check(); });
}

std::vector<std::string> session::reshaping() const {
  std::vector<std::string> all;
  for (const plan_node* n : plan_.before(training_data()))
    if (n->prepares_data() && data_.changes_shape(*n, loaded_)) all.push_back(n->id);
  return all;
}

std::vector<std::string> session::conditions() const { return plan_.training().model.as<model>().conditions(); }

noneq::source& session::data() {
  const plan_node& end = training_data();
  if (opened_) return data_.behind(end);
  const plan_node& node = plan_.training().loader;
  refusing(node, [&] {
    const dataset_info& now =
        data_.behind(end, opened_data::known_data{info_.normal, loaded_.at(node.id).normal}).info();
    if (now.shape != info_.shape)
      throw error(fmt::format("the data has samples of shape {}, the model was trained on {}", to_string(now.shape),
                              to_string(info_.shape)));
    if (now.classes > info_.classes)
      throw error(fmt::format("the data has labels up to {}, need {}, as the model was trained", now.classes - 1,
                              info_.classes == 0 ? "none" : fmt::format("0 to {}", info_.classes - 1)));
  });
  const std::int64_t classes = info_.classes;
  take_info(data_.behind(end).info());
  info_.classes = classes;  // of the model; a part of the data may lack some
  opened_ = true;
  open_streams();
  check_metrics();
  return data_.behind(end);
}

source* session::data_if_there() {
  if (!plan_.trains()) return nullptr;
  try {
    return &data();
  } catch (const error&) {
    return nullptr;
  }
}

void session::read_data_from(const std::filesystem::path& file) {
  plan_.training().loader.as<loader>().redirect(file);
  data_.close();
  opened_ = false;
}

session& session::model_of(const plan_node& n) {
  if (n.of_run.empty()) return *this;
  auto& other = others_[n.of_run.string()];
  if (!other)
    other = working(n, [&] {
      return run_folder::open(n.of_run, *plan_.plugins, [](config::value& v) { remove_beside_model(v); });
    });
  return *other;
}

batch session::noised_rows(const plan_node& n, batch b) const {
  const auto& noise = n.as<noiser>();
  const noneq::stream s = stream().fork(n.id).fork("rows").fork(b.step);
  b = with_masks(std::move(b), data_.info_before(n));
  const process now = plan_.process.refreshed();
  noise.draw(b, now, s);
  check_returned_times(n.plugin.entry->full_name(), b, now);
  noise.apply(b, now, s);
  check_returned_states(n.plugin.entry->full_name(), b);
  return b;
}

denoiser session::denoiser(const std::string& weights) const {
  at::NoGradGuard guard;
  return {plan_.process.refreshed(),
          weights == "ema" && !averages_.empty() ? averages_.front().shared() : weights_->shared(), conditions()};
}

std::string session::fingerprint(const std::string& weights) const {
  std::map<std::string, Tensor> all{{"shift", info_.normal.shift}, {"scale", info_.normal.scale}};
  for (const auto& p : denoiser(weights).network().named_parameters()) all["model." + p.key()] = p.value();
  each_changed_buffer([&](const std::string& name, const Tensor& b) { all["model." + name] = b; });
  for (const auto& l : plan_.process.schedule->learnable()) all["schedule." + l.name] = l.leaf;
  return storage::checksum(all);
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
  const auto& t = plan_.training().trainer.as<trainer>();
  const auto now = static_cast<double>(step_);
  for (std::size_t i = 0; i < averages_.size(); ++i)
    // Early averages forget their random start faster than their final rate would.
    move(averages_[i].vectors(), std::min(t.ema[i], (1.0 + now) / (10.0 + now)));
  for (std::size_t i = 0; i < powers_.size(); ++i) move(powers_[i], kept_share(now, exponent_of_width(t.averages[i])));
  copy_buffers();
}

// Moves an average towards the weights; it keeps the share `rate` of itself.
void session::move(const std::vector<Tensor>& average, double rate) const {
  for (std::size_t k = 0; k < average.size(); ++k) {
    const number_range part = averaged_parts_.empty() ? number_range{0, average[k].numel()} : averaged_parts_[k];
    in_pieces(part.numbers, [&](std::int64_t first, std::int64_t n) {
      const auto within = [&](const Tensor& t) { return t.narrow(0, part.first + first, n); };
      within(average[k]).lerp_(within(weights_->vectors()[k]), 1 - rate);
    });
  }
}

std::vector<std::vector<Tensor>> session::averages() const {
  std::vector<std::vector<Tensor>> all = powers_;
  for (const flat_parameters& average : averages_) all.push_back(average.vectors());
  return all;
}

std::map<std::string, Tensor> session::power_averages() const {
  std::map<std::string, Tensor> all;
  for (std::size_t i = 0; i < powers_.size(); ++i)
    for (const auto& [name, tensor] : weights_->named(powers_[i])) all[fmt::format("{}.{}", i, name)] = tensor;
  return all;
}

void session::put_weights(const std::map<std::string, Tensor>& by_name) {
  at::NoGradGuard values_only;
  const auto put = [&](const flat_parameters& into) {
    for (const auto& [name, tensor] : into.named(into.vectors())) tensor.copy_(by_name.at(name));
  };
  put(*weights_);
  for (const flat_parameters& average : averages_) put(average);
}

}
