// Several ranks make the steps that one makes, and the errors.
#include <array>
#include <mutex>

#include "doctest.hpp"
#include "flow/pipeline.hpp"
#include "flow/thread_ranks.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/flow/pieced_optimizer.hpp"
#include "noneq/flow/pieces.hpp"
#include "noneq/flow/training.hpp"

using namespace noneq;
using namespace noneq::flow;
using namespace testing;

namespace {

constexpr std::int64_t shards = 12, steps = 3;

const trainer& small_adam() {
  static const session s(small_plan({}));
  return s.plan().training().trainer.as<trainer>();
}

// Gradients of two vectors, of which one is cut, and of a tensor of float64 that some shards have no gradient of. The
// last shard has no rows at all.
std::vector<Tensor> gradients(std::int64_t step, std::int64_t shard, std::int64_t numbers) {
  const stream s = stream(7).fork(step).fork(shard);
  if (shard == shards - 1) return {};
  return {s.normal({numbers}), shard % 4 == 2 ? s.normal({5}) : Tensor(),
          shard % 3 == 0 ? at::full({}, static_cast<double>(shard), at::kDouble) : Tensor()};
}

struct result {
  std::vector<Tensor> weights;
  std::map<std::string, Tensor> state;
  double norm = 0;
  std::vector<std::int64_t> early;  // the messages that this rank sent before all gradients were there, by step
};

// How the backward passes report the gradient of the first vector: from its end on, as it will be; but in the second
// step one shard's was changed since, or is reported in part only.
enum class reports { none, all, changed, in_part };

void report(gradient_listener* to, const Tensor& weights, const Tensor& gradient, reports how) {
  if (to == nullptr) return;
  const Tensor reported = how == reports::changed ? gradient * 3 : gradient;
  constexpr std::int64_t of_weight = 1000;
  for (std::int64_t end = gradient.numel(), first = 0; end > 0; end = first) {
    first = std::max<std::int64_t>(0, end - of_weight);
    if (first == 0 && how == reports::in_part) return;
    to->found(weights.slice(0, first, end), reported.slice(0, first, end));
  }
}

result trained(const ranks& r, std::int64_t numbers, reports how = reports::none) {
  at::NoGradGuard values_only;
  result made{{stream(3).normal({numbers}), stream(4).normal({5}), at::zeros({}, at::kDouble)}, {}, 0, {}};
  std::vector<bool> with_rows(shards, true);
  with_rows.back() = false;
  pieced_optimizer o(small_adam(), made.weights, r);
  for (std::int64_t k = 0; k < steps; ++k) {
    std::vector<std::vector<Tensor>> all(shards);
    const shard_block own = block_of(r.rank(), r.size(), shards);
    if (how != reports::none) o.sums().begin_step(with_rows);
    const std::int64_t before = messages_sent;
    for (std::int64_t s = own.first; s < own.last; ++s) {
      std::vector<Tensor>& here = all[static_cast<std::size_t>(s)] = gradients(k, s, numbers);
      if (!here.empty())
        report(o.sums().listener(s), made.weights[0], here[0], k == 1 && s == 5 ? how : std::min(how, reports::all));
    }
    made.early.push_back(messages_sent - before);
    std::vector<const std::vector<Tensor>*> given;
    for (const auto& one : all) given.push_back(&one);
    REQUIRE(o.gather(given));
    made.norm = o.gradient_norm();
    o.step(0.5, [](std::size_t) { return 1e-2; });
  }
  o.share_state();
  o.state([&](const std::string& name, Tensor& t) { made.state[name] = t.clone(); });
  return made;
}

}

TEST_CASE("weights, state and norm have equal bits for any number of ranks, also for more ranks than pieces") {
  for (const std::int64_t numbers : {std::int64_t{40}, 3 * piece_numbers + 11}) {
    const result alone = trained(noneq::alone(), numbers);
    CHECK(alone.norm > 0);
    for (const int size : {2, 3, 4, 6, 12}) {
      CAPTURE(size);
      std::mutex one;
      on_ranks(size, [&](const ranks& r) {
        const result here = trained(r, numbers);
        const std::lock_guard checking(one);
        CHECK(here.norm == alone.norm);
        for (std::size_t k = 0; k < here.weights.size(); ++k) CHECK(at::equal(here.weights[k], alone.weights[k]));
        CHECK(here.state.size() == alone.state.size());
        for (const auto& [name, tensor] : here.state) CHECK(at::equal(tensor, alone.state.at(name)));
      });
    }
  }
}

TEST_CASE("sums that travel before all gradients are there change no bit, also where a gradient changes after that") {
  for (const std::int64_t numbers : {std::int64_t{40}, 3 * piece_numbers + 11}) {
    const result alone = trained(noneq::alone(), numbers, reports::all);
    CHECK(alone.early == std::vector<std::int64_t>{0, 0, 0});
    for (const reports how : {reports::all, reports::changed, reports::in_part})
      for (const int size : {2, 3, 12}) {
        CAPTURE(size);
        std::mutex one;
        std::vector<std::int64_t> early(steps);
        on_ranks(size, [&](const ranks& r) {
          const result here = trained(r, numbers, how);
          const std::lock_guard checking(one);
          CHECK(here.norm == alone.norm);
          for (std::size_t k = 0; k < here.weights.size(); ++k) CHECK(at::equal(here.weights[k], alone.weights[k]));
          for (const auto& [name, tensor] : here.state) CHECK(at::equal(tensor, alone.state.at(name)));
          for (std::size_t k = 0; k < steps; ++k) early[k] += here.early[k];
        });
        CHECK(early[0] == 0);  // the first step shows whether it can be
        CHECK(early[1] > 0);
        CHECK((early[2] > 0) == (how == reports::all));
      }
  }
}

TEST_CASE("gradients of a compiled network travel while others are computed") {
  const auto sent_early = [](const std::string& execution) {
    const std::vector<std::string> changes{"graph.model.execution=" + execution, "graph.model.hidden=[256, 256, 256]"};
    const std::array plans{small_plan(changes), small_plan(changes)};
    std::atomic<std::int64_t> early = 0;
    on_ranks(2, [&](const ranks& r) {
      session s(plans[static_cast<std::size_t>(r.rank())]);
      learner l(s, r);
      observer nobody;
      for (std::int64_t step = 0; step < 2; ++step) {
        const batch rows = l.noised(s.data().prepare(s.data().fetch(step, s.stream())));
        l.begin_step(rows.size());
        const std::int64_t before = messages_sent;
        std::vector<shard_gradient> all(2);
        all[static_cast<std::size_t>(r.rank())] =
            l.gradient(rows.share({r.rank(), r.rank() + 1, 2}), rows.size(), r.rank(), nobody);
        early += messages_sent - before;
        l.update(std::move(all));
      }
    });
    return early.load();
  };
  CHECK(sent_early("compiled") > 0);
  CHECK(sent_early("reference") == 0);
}

TEST_CASE("weights that another rank has moved are seen to have changed") {
  on_ranks(4, [](const ranks& r) {
    at::NoGradGuard values_only;
    Tensor weights = at::zeros({3});
    pieced_optimizer o(small_adam(), {weights}, r);
    const auto before = weights._version();
    std::vector<std::vector<Tensor>> all(4);
    all[static_cast<std::size_t>(r.rank())] = {at::ones({3})};
    std::vector<const std::vector<Tensor>*> given;
    for (const auto& one : all) given.push_back(&one);
    o.gather(given);
    o.step(1, [](std::size_t) { return 1e-2; });
    const bool changed = weights._version() > before && weights[0].item<double>() != 0;
    if (!changed) throw std::logic_error("the version did not change");
  });
}

TEST_CASE("a gradient that is not finite on one rank is seen by all") {
  std::atomic<int> seen = 0;
  on_ranks(3, [&](const ranks& r) {
    at::NoGradGuard values_only;
    pieced_optimizer o(small_adam(), {at::zeros({2 * piece_numbers})}, r);
    std::vector<std::vector<Tensor>> all(3);
    Tensor g = at::ones({2 * piece_numbers});
    if (r.rank() == 1) g[piece_numbers + 3] = std::numeric_limits<float>::infinity();
    all[static_cast<std::size_t>(r.rank())] = {g};
    std::vector<const std::vector<Tensor>*> given;
    for (const auto& one : all) given.push_back(&one);
    seen += !o.gather(given);
  });
  CHECK(seen == 3);
}

TEST_CASE("an error on one rank ends all, with its text on the first; a stop stops all") {
  const endings failed = endings_on_ranks(3, [](const ranks& r) {
    together(r, [&] {
      if (r.rank() == 2) throw input_error({error("the disk is gone")});
    });
  });
  REQUIRE(failed.errors.size() == 1);
  CHECK(failed.on_first == 1);
  CHECK(failed.errors[0].starts_with("rank 2 on "));
  CHECK(failed.errors[0].ends_with(": the disk is gone"));
  CHECK(failed.elsewhere == std::vector<int>{2, 2});
  CHECK(failed.stopped == 0);
  const endings stopped = endings_on_ranks(3, [](const ranks& r) {
    together(r, [&] {
      if (r.rank() == 1) throw interrupted();
    });
  });
  CHECK(stopped.stopped == 3);
  CHECK(stopped.elsewhere.empty());
  const endings none = endings_on_ranks(2, [](const ranks& r) { together(r, [] {}); });
  CHECK((none.elsewhere.empty() && none.errors.empty() && none.stopped == 0));
}

TEST_CASE("texts and numbers of all ranks arrive at each") {
  std::atomic<int> right = 0;
  on_ranks(4, [&](const ranks& r) {
    const auto texts = r.all(std::string(static_cast<std::size_t>(r.rank()) * 3, 'x'));
    const auto numbers = r.all(std::int64_t{1} << (40 + r.rank()));
    right += texts[3] == "xxxxxxxxx" && texts[0].empty() && numbers[2] == std::int64_t{1} << 42 && !r.any(false) &&
             r.any(r.rank() == 3);
  });
  CHECK(right == 4);
}

TEST_CASE("a rank reads the rows of its shards, and all rows where something needs them") {
  const auto share_of_second = [](const std::vector<std::string>& more) {
    std::vector<std::string> changes{"graph.trainer.shards=4"};
    changes.insert(changes.end(), more.begin(), more.end());
    const std::array plans{small_plan(changes), small_plan(changes)};  // read by one thread, as the plugins are
    std::mutex one;
    std::vector<std::int64_t> found;
    on_ranks(2, [&](const ranks& r) {
      session s(plans[static_cast<std::size_t>(r.rank())]);
      const batch_share share = own_share(s, learner(s, r));
      const std::lock_guard guard(one);
      if (!r.first()) found = {share.first, share.last, share.parts};
    });
    return found;
  };
  using numbers = std::vector<std::int64_t>;
  CHECK(share_of_second({}) == numbers{2, 4, 4});
  CHECK(share_of_second({"graph.noiser.time=loss_second_moment"}) == numbers{2, 4, 4});
  CHECK(share_of_second({"graph.loader.batch=1"}) == numbers{2, 4, 4});
  CHECK(share_of_second({"graph.seen={plugin: writer.hdf5, in: loader, file: seen.h5, datasets: [x0], every: 2}"}) ==
        numbers{0, 1, 1});
}
