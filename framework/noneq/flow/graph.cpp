#include "noneq/flow/graph.hpp"

#include <fmt/format.h>
#include <tbb/flow_graph.h>

#include "noneq/plugin/returned.hpp"

namespace noneq {
namespace {

namespace flow = tbb::flow;
using token = flow::continue_msg;

struct shard_work {
  batch rows;
  std::int64_t number, batch_size;
};
struct shard_result {
  std::int64_t number;
  shard_gradient gradient;
};

class training_graph {
 public:
  training_graph(session& s, learner& l, std::int64_t last, const std::function<bool(double)>& finished)
      : session_(s),
        learner_(l),
        finished_(finished),
        first_(s.step()),
        last_(last),
        shards_(s.plan().the("trainer").as<trainer>().shards),
        results_(static_cast<std::size_t>(shards_)) {
    flow::make_edge(steps_, tokens_);
    flow::make_edge(tokens_, fetch_);
    flow::make_edge(fetch_, prepare_);
    flow::make_edge(prepare_, in_order_);
    flow::make_edge(in_order_, flow::input_port<0>(gate_));
    flow::make_edge(gate_, split_);
    flow::make_edge(flow::output_port<0>(split_), shard_);
    flow::make_edge(shard_, finish_);
    flow::make_edge(flow::output_port<0>(finish_), flow::input_port<1>(gate_));
    flow::make_edge(flow::output_port<0>(finish_), tokens_.decrementer());
  }

  // The nodes go before the graph; so nothing may be at work in them when that begins, also where run() was left by an
  // exception of its own.
  ~training_graph() {
    graph_.cancel();
    try {
      graph_.wait_for_all();
    } catch (...) {  // a second one; the first is on its way
    }
  }

  void run() {
    flow::input_port<1>(gate_).try_put(token());
    steps_.activate();
    graph_.wait_for_all();
  }

 private:
  const plan& p() const { return session_.plan(); }

  // Data that cannot be trained on may be found only when its turn comes.
  template <class F>
  batch loading(std::int64_t step, F&& f) const {
    const plan_node& n = p().the("loader");
    return working(n, [&] {
      try {
        return f();
      } catch (const interrupted&) {
        throw;
      } catch (const std::exception& e) {
        const error known = at_node(n, e);
        throw error(fmt::format("{}, in the batch of step {}", known.message(), step + 1), known.subject(),
                    known.where());
      }
    });
  }

  batch fetch(std::int64_t step) {
    return loading(step, [&] {
      batch raw = session_.data().fetch(step, session_.stream().fork(p().the("loader").id).fork(step));
      raw.step = step;
      return raw;
    });
  }

  // Adaptive times wait for the step before; gradients of a learned schedule are made beside the model.
  void noise(batch& b, bool at_gate) const {
    const plan_node& n = p().the("noiser");
    working(n, [&] {
      const auto& noise = n.as<noiser>();
      const stream s = noise_stream(session_, b.step);
      if (noise.time->adaptive() != at_gate) return;
      noise.draw(b, p().process, s);
      check_returned_times(n.plugin.entry->full_name(), b, p().process);
      noise.drop_labels(b, session_.info().classes, s);
      if (learner_.noises_in_step()) return;
      noise.apply(b, p().process, s);
      check_returned_states(n.plugin.entry->full_name(), b);
    });
  }

  batch prepare(batch raw) const {
    at::NoGradGuard guard;
    const std::int64_t step = raw.step;
    batch b = loading(step, [&] { return session_.data().prepare(std::move(raw)); });
    noise(b, false);
    return b;
  }

  struct gated {
    template <class Ports>
    void operator()(const std::tuple<batch, token>& in, Ports& out) const {
      at::NoGradGuard guard;
      batch b = std::get<0>(in);
      self->noise(b, true);
      const std::int64_t size = b.size();
      for (std::int64_t i = 0; i < self->shards_; ++i)
        std::get<0>(out).try_put({b.rows(i * size / self->shards_, (i + 1) * size / self->shards_), i, size});
    }
    training_graph* self;
  };

  shard_result shard(const shard_work& w) const {
    if (w.rows.size() == 0) return {w.number, {}};
    return {w.number, learner_.gradient(w.rows, w.batch_size)};
  }

  struct collected {
    template <class Ports>
    void operator()(const shard_result& r, Ports& out) const {
      self->results_[static_cast<std::size_t>(r.number)] = r.gradient;
      if (++self->arrived_ < self->shards_) return;
      self->arrived_ = 0;
      std::vector<shard_gradient> whole;
      for (shard_gradient& g : self->results_)
        if (!g.gradients.empty()) whole.push_back(std::exchange(g, {}));
      const double loss = self->learner_.update(whole);
      if (self->finished_(loss) && self->session_.step() < self->last_) std::get<0>(out).try_put(token());
    }
    training_graph* self;
  };

  session& session_;
  learner& learner_;
  const std::function<bool(double)>& finished_;
  const std::int64_t first_, last_, shards_;
  std::vector<shard_gradient> results_;
  std::int64_t arrived_ = 0;
  std::int64_t next_ = first_;

  flow::graph graph_;
  flow::input_node<std::int64_t> steps_{graph_, [this](tbb::flow_control& c) -> std::int64_t {
                                          if (next_ == last_) return c.stop(), 0;
                                          return next_++;
                                        }};
  flow::limiter_node<std::int64_t> tokens_{graph_,
                                           static_cast<std::size_t>(p().the("trainer").as<trainer>().prefetch) + 1};
  flow::function_node<std::int64_t, batch> fetch_{graph_, flow::serial,
                                                  [this](std::int64_t step) { return fetch(step); }};
  flow::function_node<batch, batch> prepare_{graph_, flow::unlimited,
                                             [this](batch raw) { return prepare(std::move(raw)); }};
  flow::sequencer_node<batch> in_order_{graph_,
                                        [this](const batch& b) { return static_cast<std::size_t>(b.step - first_); }};
  flow::join_node<std::tuple<batch, token>, flow::queueing> gate_{graph_};
  flow::multifunction_node<std::tuple<batch, token>, std::tuple<shard_work>> split_{graph_, flow::serial, gated{this}};
  flow::function_node<shard_work, shard_result> shard_{graph_, flow::unlimited,
                                                       [this](const shard_work& w) { return shard(w); }};
  flow::multifunction_node<shard_result, std::tuple<token>> finish_{graph_, flow::serial, collected{this}};
};

}

void train(session& s, learner& l, workers& pool, std::int64_t last, const std::function<bool(double loss)>& finished) {
  if (s.step() >= last) return;
  pool.execute([&] {
    training_graph g(s, l, last, finished);
    g.run();
  });
}

}
