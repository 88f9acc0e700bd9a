#include "noneq/flow/learner.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include "noneq/core/gradient_listener.hpp"
#include "noneq/flow/each_part.hpp"
#include "noneq/flow/fields.hpp"
#include "noneq/flow/packed.hpp"
#include "noneq/flow/saved_state.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/plugin/roles/model.hpp"

namespace noneq::flow {

struct learner::shard {
  batch rows;
  std::int64_t part;
  process of;  // with the schedule's gradients where it is learned
  Tensor per_sample;
};

// Returns whether drawing noise, and t where `times`, depends on state that training changes. A learned schedule does
// not count: x^t is made from it in each shard.
static bool draws_by_state(const plan& p, const plan_node& noiser, bool times) {
  bool any = times && noiser.as<noneq::noiser>().time->adaptive();
  each_part(noiser.plugin, "", [&](const instance& i, const std::string& subject) {
    const bool of_times = subject == ".time" || subject.starts_with(".time.");
    if (times || !of_times) i.made->state([&](const std::string&, Tensor&) { any = true; });
  });
  for (const auto& [role, part] : p.process_parts)
    any = any || (has_state(part) && !(role == "schedule" && p.learns_schedule()));
  return any;
}

learner::learner(session& s, const ranks& r)
    : session_(s),
      ranks_(r),
      noiser_(s.plan().training().noiser),
      model_(s.plan().training().model),
      loss_(s.plan().training().loss),
      trainer_(s.plan().training().trainer),
      learns_schedule_(s.plan().learns_schedule()),
      draws_at_gate_(draws_by_state(s.plan(), noiser_, true)),
      draws_rows_alone_(!draws_by_state(s.plan(), noiser_, false)),
      by_loss_(s.weights().parameters()),
      by_variance_(s.schedule_parameters(true)) {
  const stream_nodes& training = s.plan().streams.front();
  for (const std::string& id : training.gated) {
    const auto after = s.plan().followers(id);
    fused_.push_back({&s.plan().node(id), std::any_of(after.begin(), after.end(), [&](const plan_node* f) {
                        return training.has(f->id) && !training.is_gated(f->id) && f->role() != "trainer";
                      })});
  }
  std::vector<Tensor> trained = s.weights().vectors();
  const auto of_schedule = s.schedule_parameters(false);
  by_loss_.insert(by_loss_.end(), of_schedule.begin(), of_schedule.end());
  for (const auto& more : {of_schedule, by_variance_}) trained.insert(trained.end(), more.begin(), more.end());
  optimizer_.emplace(trainer_.as<trainer>(), trained, r);
  if (!r.many()) return;
  for (const Tensor& b : s.weights().buffers()) buffers_.push_back(b.clone());
  std::vector<number_range> own;
  for (std::size_t k = 0; k < s.weights().vectors().size(); ++k) own.push_back(optimizer_->own_part(k));
  s.average_only(std::move(own));
}

stream learner::noise_stream(std::int64_t step) const { return session_.stream().fork(noiser_.id).fork(step); }

void learner::begin_step(std::int64_t batch_size) {
  const std::int64_t shards = trainer_.as<trainer>().shards;
  std::vector<bool> with_rows;
  for (std::int64_t s = 0; s < shards; ++s) {
    const batch_share share{s, s + 1, shards};
    with_rows.push_back(share.begin(batch_size) < share.end(batch_size));
  }
  optimizer_->sums().begin_step(with_rows);
}

batch learner::noised(batch b) const {
  const auto& noise = noiser_.as<noiser>();
  const std::string by = noiser_.plugin.entry->full_name();
  const process& p = session_.begun_process();
  const stream s = noise_stream(b.step);
  const Tensor stored = b.at("x0");
  const batch place = b.place();
  b = with_masks(std::move(b), session_.info());
  if (!stored.is_same(b.at("x0")) && stored.is_floating_point()) need_finite("the data", "x0 as float32", b.at("x0"));
  noise.draw(b, p, s);
  check_returned_times(by, b, p);
  noise.drop_labels(b, session_.info().classes, s);
  if (!noises_in_shard()) {
    noise.apply(b, p, s);
    check_returned_states(by, b);
  }
  b.put_at(place);
  return b;
}

learner::learner(session& s, const storage::checkpoint& saved, const ranks& r) : learner(s, r) {
  optimizer_->state(restore_from(saved, "optimizer"));
}

void learner::share_averages() const {
  if (!ranks_.many()) return;
  for (const std::vector<Tensor>& average : session_.averages()) optimizer_->share(average);
}

void learner::save(storage::checkpoint& c) {
  optimizer_->share_state();
  optimizer_->state(save_to(c, "optimizer"));
}

void learner::apply_noise(shard& at) const {
  if (!noises_in_shard()) return;
  at.of = at.of.refreshed();
  noiser_.as<noiser>().apply(at.rows, at.of, noise_stream(at.rows.step));
  check_returned_states(noiser_.plugin.entry->full_name(), at.rows);
}

void learner::predict(shard& at) const {
  const stream dropout = session_.stream().fork(model_.id).fork("dropout").fork(at.rows.step);
  const Tensor &xt = at.rows.at("xt"), &t = at.rows.at("t");
  network_input in{at.of.input(xt, coefficients_at(at.of.tables, t, xt)), t,
                   conditions_of(at.rows, session_.conditions()), at.of.log_snr(t)};
  in.dropout = &dropout;
  in.first = at.rows.first;
  if (session_.network().self_conditioned()) in.given = in.given.with("x0_hat", first_estimate(xt, in, at.rows.step));
  at.rows.set("output", session_.network().forward(in));
  check_returned_output(model_.plugin.entry->full_name(), at.rows.at("output"), in.x, at.of.outputs(),
                        !session_.weights().parameters().empty());
}

void learner::lose(shard& at) const {
  at.per_sample = loss_.as<loss>().run(at.rows, at.of);
  check_returned_losses(loss_.plugin.entry->full_name(), at.per_sample, at.rows.size());
  at.rows.set("loss", at.per_sample);
}

static std::vector<Tensor> gradients(const Tensor& of, const std::vector<Tensor>& by, bool keep_graph) {
  return torch::autograd::grad({of}, by, {}, keep_graph, /*create_graph=*/false, /*allow_unused=*/true);
}

shard_gradient learner::differentiate(const shard& at, std::int64_t batch_size) const {
  const Tensor estimates = at.per_sample * at.rows.at("weight");
  const Tensor total = estimates.sum() / static_cast<double>(batch_size);
  shard_gradient result;
  std::vector<Tensor> of_loss;
  {
    const listening by(optimizer_->sums().listener(at.part));
    of_loss = gradients(total, by_loss_, !by_variance_.empty());
  }
  result.gradients = session_.weights().flat(of_loss);
  const auto of_network = static_cast<std::ptrdiff_t>(session_.weights().parameters().size());
  result.gradients.insert(result.gradients.end(), of_loss.begin() + of_network, of_loss.end());
  if (!by_variance_.empty()) {
    const double share = static_cast<double>(at.rows.size()) / static_cast<double>(batch_size);
    const auto more = gradients(share * estimates.var(), by_variance_, false);
    result.gradients.insert(result.gradients.end(), more.begin(), more.end());
  }
  result.loss = total.item<double>();
  result.samples = {at.rows.at("t"), at.per_sample.detach(), at.rows.find("row")};
  return result;
}

static batch without_gradient(batch b) {
  for (auto& [name, tensor] : b.tensors) tensor = tensor.detach();
  return b;
}

shard_gradient learner::gradient(batch rows, std::int64_t batch_size, std::int64_t part, observer& o) const {
  static const std::map<std::string, void (learner::*)(shard&) const> steps{
      {"noiser", &learner::apply_noise}, {"model", &learner::predict}, {"loss", &learner::lose}};
  at::AutoGradMode with_gradient(true);
  shard at{std::move(rows), part, session_.begun_process(), {}};
  std::vector<batch> behind;
  shard_gradient result;
  for (const fused_node& f : fused_)
    through_door(o, {*f.node, calling::run, at.rows.step, part}, [&] {
      if (const auto step = steps.find(f.node->role()); step != steps.end())
        (this->*step->second)(at);
      else
        at.rows = session_.nodes().transformed(*f.node, std::move(at.rows), true, "train");
      if (f.followed) behind.push_back(without_gradient(at.rows));
      if (f.node == &loss_) result = differentiate(at, batch_size);
    });
  result.behind = std::move(behind);
  return result;
}

Tensor learner::first_estimate(const Tensor& xt, const network_input& in, std::int64_t step) const {
  at::NoGradGuard values_only;
  Tensor x0_hat = at::zeros_like(xt);
  const stream s = session_.stream().fork(model_.id).fork("self_conditioning").fork(step);
  const Tensor rows = s.uniform({xt.size(0)}, in.first).lt(0.5).nonzero().squeeze(1);
  if (rows.numel() == 0) return x0_hat;
  const auto some = [&](const Tensor& t) { return t.index_select(0, rows); };
  const auto predicted = session_.denoiser("raw").predict(some(xt), some(in.t), in.given.index_select(rows));
  return x0_hat.index_copy(0, rows, predicted.x0);
}

double rate_factor(const trainer& t, std::int64_t step) {
  const auto k = static_cast<double>(step);
  const double rise = t.warmup > 0 ? std::min(1.0, (k + 1) / static_cast<double>(t.warmup)) : 1.0;
  const auto span = static_cast<double>(std::max<std::int64_t>(1, t.steps - t.warmup));
  const double course = std::clamp((k - static_cast<double>(t.warmup)) / span, 0.0, 1.0);
  if (t.decay == "linear") return rise * (1 - course);
  if (t.decay == "cosine") return rise * 0.5 * (1 + std::cos(M_PI * course));
  return rise;
}

diverged learner::not_finite(const std::string& what, const std::vector<shard_gradient>& shards) const {
  std::vector<shard_losses> samples;
  for (const auto& s : shards)
    if (s.samples.index.defined()) samples.push_back(s.samples);
  return diverged(fmt::format("{} at step {}, in {}; nothing of this step was kept. Try a lower rate, or clip: 1", what,
                              session_.step() + 1, offending_samples(samples)),
                  loss_.id, loss_.where);
}

shard_block learner::own_shards() const {
  return block_of(ranks_.rank(), ranks_.size(), trainer_.as<trainer>().shards);
}

void learner::share_losses(std::vector<shard_gradient>& shards) const {
  if (!ranks_.many()) return;
  std::vector<double> losses;
  for (const auto& s : shards) losses.push_back(s.loss);
  ranks_.share(reinterpret_cast<word*>(losses.data()),
               begins_of(ranks_.size(), static_cast<std::int64_t>(shards.size()), sizeof(double) / sizeof(word)));
  for (std::size_t s = 0; s < shards.size(); ++s) shards[s].loss = losses[s];
}

void learner::share_samples(std::vector<shard_gradient>& shards) const {
  if (!ranks_.many()) return;
  const auto count = static_cast<std::int64_t>(shards.size());
  const auto each_of = [&](std::int64_t rank, const auto& use) {
    const shard_block block = block_of(rank, ranks_.size(), count);
    for (std::int64_t s = block.first; s < block.last; ++s) {
      shard_losses& samples = shards[static_cast<std::size_t>(s)].samples;
      for (Tensor* t : {&samples.index, &samples.per_sample, &samples.row}) use(*t);
    }
  };
  std::string mine;
  each_of(ranks_.rank(), [&](const Tensor& t) { pack(t, mine); });
  const auto all = ranks_.all(mine);
  for (std::int64_t r = 0; r < ranks_.size(); ++r) {
    std::string_view from = all[static_cast<std::size_t>(r)];
    each_of(r, [&](Tensor& t) { t = unpack_tensor(from); });
  }
}

// Each rank calls the network for its own shards only.
void learner::need_equal_buffers() const {
  for (std::size_t k = 0; k < buffers_.size(); ++k)
    if (!at::equal(buffers_[k], session_.weights().buffers()[k]))
      throw error("its network changes buffers of its own in training, need one process", model_.id, model_.where);
}

double learner::update(std::vector<shard_gradient> shards) {
  need_equal_buffers();
  share_losses(shards);
  auto& time = *noiser_.as<noiser>().time;
  if (time.adaptive()) share_samples(shards);
  const auto refuse = [&](const std::string& what) {
    share_samples(shards);
    throw not_finite(what, shards);
  };
  double loss = 0;
  for (const auto& s : shards) loss += s.loss;
  at::NoGradGuard guard;
  gradients_by_shard all;
  for (const auto& s : shards) all.push_back(&s.gradients);
  const bool finite = optimizer_->gather(all);
  if (!std::isfinite(loss)) refuse(fmt::format("the loss became {}", loss));
  if (!finite) refuse(fmt::format("the gradient of the loss, {}, is not finite", loss));
  const auto& t = trainer_.as<trainer>();
  const double factor = rate_factor(t, session_.step()),
               scale = t.clip > 0 ? std::min(1.0, t.clip / (optimizer_->gradient_norm() + 1e-6)) : 1;
  const std::size_t of_network = session_.weights().vectors().size();
  working(trainer_, [&] {
    optimizer_->step(scale, [&](std::size_t k) {
      return factor * (k >= of_network && t.schedule_rate > 0 ? t.schedule_rate : t.rate);
    });
  });
  session_.stepped();
  if (time.adaptive())
    for (const auto& s : shards)
      if (s.samples.index.defined()) time.update(s.samples.index, s.samples.per_sample);
  return loss;
}

}
