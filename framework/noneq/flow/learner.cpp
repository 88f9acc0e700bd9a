#include "noneq/flow/learner.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq {

stream noise_stream(const session& s, std::int64_t step) {
  return s.stream().fork(s.plan().the("noiser").id).fork(step);
}

learner::learner(session& s)
    : session_(s),
      noiser_(s.plan().the("noiser")),
      model_(s.plan().the("model")),
      loss_(s.plan().the("loss")),
      trainer_(s.plan().the("trainer")),
      learns_schedule_(s.plan().learns_schedule()),
      by_loss_(s.weights().parameters()),
      by_variance_(s.schedule_parameters(true)) {
  std::vector<Tensor> trained = s.weights().vectors();
  const auto of_schedule = s.schedule_parameters(false);
  by_loss_.insert(by_loss_.end(), of_schedule.begin(), of_schedule.end());
  for (const auto& more : {of_schedule, by_variance_}) trained.insert(trained.end(), more.begin(), more.end());
  optimizer_.emplace(trainer_.as<trainer>(), trained);
}

learner::learner(session& s, const checkpoint& saved) : learner(s) {
  optimizer_->state(restore_from(saved, "optimizer"));
}

void learner::save(checkpoint& c) { optimizer_->state(save_to(c, "optimizer")); }

static std::vector<Tensor> gradients(const Tensor& of, const std::vector<Tensor>& by, bool keep_graph) {
  return torch::autograd::grad({of}, by, {}, keep_graph, /*create_graph=*/false, /*allow_unused=*/true);
}

shard_gradient learner::gradient(batch rows, std::int64_t batch_size) const {
  const plan_node* working = &noiser_;
  std::optional<at_work> here(std::in_place, *noiser_.plugin.entry, noiser_.id);
  const auto begin = [&](const plan_node& n) { working = &n, here.emplace(*n.plugin.entry, n.id); };
  const auto by = [&] { return working->plugin.entry->full_name(); };
  try {
    at::AutoGradMode with_gradient(true);
    process p = session_.plan().process;
    if (learns_schedule_) {
      p = p.refreshed();
      noiser_.as<noiser>().apply(rows, p, noise_stream(session_, rows.step));
      check_returned_states(by(), rows);
    }
    begin(model_);
    const Tensor label = rows.find("label");
    const stream dropout = session_.stream().fork(model_.id).fork("dropout").fork(rows.step);
    network_input in{rows.at("xt"), rows.at("t"), label, p.log_snr(rows.at("t"))};
    in.dropout = &dropout;
    in.first = rows.first;
    if (session_.network().self_conditioned()) in.x0_hat = first_estimate(in, rows.step);
    rows.set("output", session_.network().forward(in));
    check_returned_output(by(), rows.at("output"), in.x, p.outputs(), !session_.weights().parameters().empty());
    begin(loss_);
    const Tensor per_sample = loss_.as<loss>().run(rows, p);
    check_returned_losses(by(), per_sample, rows.size());
    const Tensor estimates = per_sample * rows.at("weight");
    const Tensor total = estimates.sum() / static_cast<double>(batch_size);
    shard_gradient result;
    const auto of_loss = gradients(total, by_loss_, !by_variance_.empty());
    result.gradients = session_.weights().flat(of_loss);
    const auto of_network = static_cast<std::ptrdiff_t>(session_.weights().parameters().size());
    result.gradients.insert(result.gradients.end(), of_loss.begin() + of_network, of_loss.end());
    if (!by_variance_.empty()) {
      const double share = static_cast<double>(rows.size()) / static_cast<double>(batch_size);
      const auto more = gradients(share * estimates.var(), by_variance_, false);
      result.gradients.insert(result.gradients.end(), more.begin(), more.end());
    }
    result.loss = total.item<double>();
    result.samples = {rows.at("t"), per_sample.detach(), rows.find("row")};
    return result;
  } catch (...) {
    fail_at(*working, std::current_exception());
  }
}

Tensor learner::first_estimate(const network_input& in, std::int64_t step) const {
  at::NoGradGuard values_only;
  Tensor x0_hat = at::zeros_like(in.x);
  const stream s = session_.stream().fork(model_.id).fork("self_conditioning").fork(step);
  const Tensor rows = s.uniform({in.x.size(0)}, in.first).lt(0.5).nonzero().squeeze(1);
  if (rows.numel() == 0) return x0_hat;
  const auto some = [&](const Tensor& t) { return t.defined() ? t.index_select(0, rows) : t; };
  return x0_hat.index_copy(0, rows, session_.denoiser("raw").predict(some(in.x), some(in.t), some(in.label)).x0);
}

double learner::rate_factor() const {
  const auto& t = trainer_.as<trainer>();
  const auto k = static_cast<double>(session_.step());
  const double rise = t.warmup > 0 ? std::min(1.0, (k + 1) / static_cast<double>(t.warmup)) : 1.0;
  const auto span = static_cast<double>(std::max<std::int64_t>(1, t.steps - t.warmup));
  const double course = std::clamp((k - static_cast<double>(t.warmup)) / span, 0.0, 1.0);
  if (t.decay == "linear") return rise * (1 - course);
  if (t.decay == "cosine") return rise * 0.5 * (1 + std::cos(M_PI * course));
  return rise;
}

diverged learner::not_finite(const std::string& what, const std::vector<shard_gradient>& shards) const {
  std::vector<shard_losses> samples;
  for (const auto& s : shards) samples.push_back(s.samples);
  return diverged(fmt::format("{} at step {}, in {}; nothing of this step was kept. Try a lower rate, or clip: 1", what,
                              session_.step() + 1, offending_samples(samples)),
                  loss_.id, loss_.where);
}

double learner::update(const std::vector<shard_gradient>& shards) {
  double loss = 0;
  for (const auto& s : shards) loss += s.loss;
  if (!std::isfinite(loss)) throw not_finite(fmt::format("the loss became {}", loss), shards);
  at::NoGradGuard guard;
  std::vector<const std::vector<Tensor>*> all;
  for (const auto& s : shards) all.push_back(&s.gradients);
  if (!optimizer_->gather(all))
    throw not_finite(fmt::format("the gradient of the loss, {}, is not finite", loss), shards);
  const auto& t = trainer_.as<trainer>();
  const double factor = rate_factor(),
               scale = t.clip > 0 ? std::min(1.0, t.clip / (optimizer_->gradient_norm() + 1e-6)) : 1;
  const std::size_t of_network = session_.weights().vectors().size();
  working(trainer_, [&] {
    optimizer_->step(scale, [&](std::size_t k) {
      return factor * (k >= of_network && t.schedule_rate > 0 ? t.schedule_rate : t.rate);
    });
  });
  session_.stepped();
  auto& time = *noiser_.as<noiser>().time;
  if (time.adaptive())
    for (const auto& s : shards) time.update(s.samples.index, s.samples.per_sample);
  return loss;
}

}
