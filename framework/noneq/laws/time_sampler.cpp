// Laws of roles/time_sampler.hpp.
#include "noneq/plugin/roles/time_sampler.hpp"

#include <limits>

#include <fmt/format.h>

#include "noneq/laws/detail/compare.hpp"
#include "noneq/laws/detail/roles.hpp"
#include "noneq/laws/detail/settings.hpp"
#include "noneq/laws/detail/state.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::laws {
namespace time_sampler_laws {

constexpr std::int64_t batch_rows = 16;

// Processes of 12, of 1000 steps and of continuous time, as far as the sampler can draw for them.
std::vector<setting> taken(const subject& s, const time_sampler& t) {
  std::vector<setting> all;
  std::string refusal;
  for (const setting& each :
       settings(s, {.schedules = {"{plugin: log_snr, steps: 12}", "linear", "{plugin: log_snr, steps: continuous}"}})) {
    if (each.text.find("kernel gaussian") == each.text.npos) continue;  // times know nothing of states
    try {
      t.draw(1, each.process, stream(0));
      all.push_back(each);
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  if (all.empty()) throw error("draw() refuses every schedule: " + refusal);
  return all;
}

// The sampler after it has seen losses that grow with t, where it adapts to losses.
std::shared_ptr<time_sampler> adapted(const subject& s, const process& p) {
  auto t = s.again<time_sampler>();
  if (!t->adaptive()) return t;
  const Tensor every = at::arange(p.steps(), at::kLong);
  const stream noise(13);
  for (std::int64_t k = 0; k < 40; ++k)
    t->update(every,
              (1 + every.to(at::kFloat) / static_cast<double>(p.steps())) * (0.5 + noise.fork(k).uniform({p.steps()})));
  return t;
}

void draws_times(const subject& s) {
  in_each(taken(s, *s.as<time_sampler>()), [&](const process& p) {
    for (const std::int64_t B : {std::int64_t{1}, batch_rows, std::int64_t{500}}) {
      const drawn_times drawn = adapted(s, p)->draw(B, p, stream(1).fork(B));
      batch b{0, 0, {{"x0", at::zeros({B, 1})}, {"noise", at::zeros({B, 1})}}};
      b.set("t", drawn.index);
      b.set("weight", drawn.weight);
      check_returned_times(s.name(), b, p);
      need_within("weight", drawn.weight, std::numeric_limits<float>::min(), std::numeric_limits<double>::infinity());
    }
  });
}

void is_repeatable(const subject& s) {
  in_each(taken(s, *s.as<time_sampler>()), [&](const process& p) {
    const drawn_times first = adapted(s, p)->draw(batch_rows, p, stream(1)),
                      again = adapted(s, p)->draw(batch_rows, p, stream(1));
    need_equal("t of equal streams", again.index, first.index);
    need_equal("weight of equal streams", again.weight, first.weight);
    if (p.steps() < 100) return;
    need(!at::equal(first.index, adapted(s, p)->draw(batch_rows, p, stream(2)).index), "t of two streams",
         "equal steps", "others");
  });
}

// Weights of batches: the mean over a batch is one number, as rows of a batch may depend on one another. f is 1 in one
// of four stretches of the schedule, as far as steps are drawn there often; half of the draws decide where that is.
void is_unbiased(const subject& s) {
  in_each(taken(s, *s.as<time_sampler>()), [&](const process& p) {
    const auto t = adapted(s, p);
    constexpr std::int64_t batches = 4000, often = 40;
    const std::int64_t T = p.steps(), cells = p.tables.continuous() ? T - 1 : T;
    const auto drawn = [&](std::string_view purpose) {
      std::vector<Tensor> index, weight;
      for (std::int64_t k = 0; k < batches; ++k) {
        const drawn_times d = t->draw(batch_rows, p, stream(23).fork(purpose).fork(k));
        index.push_back(d.index);
        weight.push_back(d.weight);
      }
      return std::pair{at::stack(index).to(at::kLong).clamp_max(cells - 1), at::stack(weight).to(at::kDouble)};
    };
    const auto [seen, weights_seen] = drawn("seen");
    if ((weights_seen == 1).all().item<bool>()) return;  // its distribution is part of the objective
    const auto [index, weight] = drawn("measured");
    const Tensor count = at::bincount(seen.flatten(), {}, cells);
    for (std::int64_t part = 0; part < 4; ++part) {
      Tensor f = at::zeros({cells}, at::kDouble);
      const std::int64_t from = part * cells / 4, to = (part + 1) * cells / 4;
      f.slice(0, from, to).copy_(count.slice(0, from, to) >= std::min(often, 16 * batches / cells / 4));
      const double wanted = f.sum().item<double>() / static_cast<double>(T);
      need_mean(
          fmt::format("the mean of weight over draws with t from {} to {}, where they are frequent", from + 1, to),
          (weight * f.index_select(0, index.flatten()).view(index.sizes())).mean(1), wanted);
    }
  });
}

void is_restored(const subject& s) {
  const auto plain = s.as<time_sampler>();
  if (!plain->adaptive()) return;
  in_each(taken(s, *plain), [&](const process& p) {
    const auto first = adapted(s, p), second = s.again<time_sampler>();
    restore(*second, state_of(*first));
    need_equal("t of a sampler restored from state()", second->draw(500, p, stream(1)).index,
               first->draw(500, p, stream(1)).index);
  });
}

}

law_list of_time_sampler() {
  using namespace time_sampler_laws;
  return {
      {"draw() returns steps from 0 to T − 1 with finite weights above 0.", draws_times},
      {"Times are a function of the stream, and of the losses seen where the sampler is adaptive.", is_repeatable},
      {"Weights are 1/(T·p_t), or all 1 where the distribution is part of the objective.", is_unbiased},
      {"An adaptive sampler that takes the state of another draws its times.", is_restored},
  };
}

}
