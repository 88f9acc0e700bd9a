#include "noneq/flow/training.hpp"

#include <mutex>
#include <set>

#include <fmt/format.h>

#include "noneq/flow/drawn_stream.hpp"
#include "noneq/flow/joined_source.hpp"
#include "noneq/plugin/returned.hpp"

namespace noneq::flow {
namespace {

class training_stream {
 public:
  training_stream(session& s, learner& l, observer& o, const tee_listener& tee)
      : session_(s),
        learner_(l),
        observer_(o),
        tee_(tee),
        nodes_(s.plan().streams.front()),
        drawn_(o),
        share_(own_share(s, l)) {
    // Nodes behind a node that the trainer runs receive its output from the trainer.
    std::set<std::string> chain;
    for (const plan_node* n : s.plan().before(s.plan().training().trainer)) chain.insert(n->id);
    for (const bool of_chain : {true, false})
      for (const std::string& id : nodes_.nodes)
        if ((chain.count(id) > 0) == of_chain) add(s.plan().node(id));
  }

  void run(workers& pool, std::int64_t last, const std::function<bool(double)>& finished) {
    const auto& t = session_.plan().training().trainer.as<trainer>();
    stream_graph g = drawn_.graph();
    g.first = session_.step();
    g.last = last;
    g.tokens = static_cast<std::size_t>(t.prefetch) + 1;
    g.completed = [&](std::int64_t index) {
      session_.nodes().reached(index);
      give_tees(index + 1);
      observer_.stepped(session_.step(), loss_);
      return finished(loss_);
    };
    run_stream(pool, g);
  }

 private:
  void add(const plan_node& n) {
    if (n.kind() == node_kind::source)
      add_source(n);
    else if (n.role() == "trainer")
      add_trainer(n);
    else if (n.kind() == node_kind::sink)
      add_tee(n);
    else if (!nodes_.is_gated(n.id) || (n.role() == "noiser" && !learner_.draws_at_gate()))
      add_transform(n);
  }

  // Data that cannot be trained on may be found only when its turn comes.
  template <class F>
  static batch loading(const plan_node& n, std::int64_t step, F&& f) {
    try {
      return f();
    } catch (const interrupted&) {
      throw;
    } catch (const std::exception& e) {
      const error known = at_node(n, e);
      throw error(fmt::format("{}, in the batch of step {}", known.message(), step + 1), known.subject(),
                  known.where());
    }
  }

  void add_source(const plan_node& n) {
    source& data = session_.nodes().of_loader(n);
    vertex v;
    v.fetch = [this, &n](std::int64_t step) {
      return loading(n, step, [&] { return session_.nodes().fetch(n, step, share_); });
    };
    v.run = [this, &n, &data](batch raw) {
      const std::int64_t step = raw.step;
      return loading(n, step, [&] {
        batch b = data.prepare(std::move(raw));
        return share_.whole() || b.of_rows > 0 ? b : b.share(share_);
      });
    };
    drawn_.add(n, std::move(v));
  }

  void add_transform(const plan_node& n) {
    vertex v;
    drawn_.join_inputs(v, n);
    v.run = [this, &n](batch b) {
      if (n.role() == "noiser") return learner_.noised(std::move(b));
      const std::int64_t step = b.step;
      return loading(n, step, [&] { return session_.nodes().transformed(n, std::move(b), true, "train"); });
    };
    drawn_.add(n, std::move(v));
  }

  void add_trainer(const plan_node& n) {
    vertex v;
    for (const auto& f : learner_.fused())
      for (const plan_edge& e : f.node->in)
        if (drawn_.has(e.from) && (f.node->role() != "noiser" || learner_.draws_at_gate())) drawn_.join(v, e);
    if (drawn_.has(session_.plan().training().noiser.id) && v.in.empty())
      drawn_.join(v, {session_.plan().training().noiser.id, n.where});
    const std::int64_t shards = n.as<trainer>().shards;
    sink_part s;
    s.parts = shards;
    s.gated = true;
    s.enter = [this](batch b) {
      size_ = b.rows_in_all();
      learner_.begin_step(size_);
      if (!learner_.draws_at_gate()) return b;
      const plan_node& noiser = session_.plan().training().noiser;
      return through_door(observer_, {noiser, calling::enter, b.step}, [&] { return learner_.noised(std::move(b)); });
    };
    s.map = [this](batch rows, std::int64_t part) -> std::any {
      const shard_block own = learner_.own_shards();
      // A sink beside the training that follows the gate needs whole batches, so each rank computes all of them.
      const bool of_others = behind_count_ == 0 && (part < own.first || part >= own.last);
      if (rows.size() == 0 || of_others) return shard_gradient{};
      return learner_.gradient(std::move(rows), size_, part, observer_);
    };
    s.add = [this, shards](std::any mapped) {
      arrived_.push_back(std::any_cast<shard_gradient>(std::move(mapped)));
      if (static_cast<std::int64_t>(arrived_.size()) == shards) update();
    };
    std::vector<const plan_node*> followed;
    for (const auto& f : learner_.fused())
      if (f.followed) followed.push_back(f.node);
    behind_count_ = followed.size();
    if (!followed.empty()) s.pass_on = [this] { return std::exchange(behind_, {}); };
    v.sink = std::move(s);
    const std::size_t number = drawn_.add(n, std::move(v));
    for (std::size_t k = 0; k < followed.size(); ++k) drawn_.put_out(*followed[k], {number, k});
  }

  void update() {
    const std::vector<shard_gradient> all = std::exchange(arrived_, {});
    std::vector<const shard_gradient*> whole;
    for (const shard_gradient& g : all)
      if (!g.gradients.empty()) whole.push_back(&g);
    for (std::size_t k = 0; k < behind_count_; ++k) {
      std::vector<batch> parts;
      for (const shard_gradient* g : whole) parts.push_back(g->behind[k]);
      behind_.push_back(joined_rows(parts));
    }
    loss_ = learner_.update(all);
  }

  void add_tee(const plan_node& n) {
    if (n.every == 0) return;  // it receives the arrays of another sink at its end
    vertex v;
    drawn_.join_inputs(v, n);
    sink_part s;
    s.map = [](batch b, std::int64_t) -> std::any { return b; };
    s.add = [this, &n](std::any b) {
      const auto& rows = std::any_cast<const batch&>(b);
      const std::lock_guard one(tees_);
      if ((rows.step + 1) % n.every == 0) held_[rows.step + 1][&n] = rows;
    };
    v.sink = std::move(s);
    drawn_.add(n, std::move(v));
  }

  // Batches reach the nodes in front of the gate ahead of their step, and are held until it is done: a writer must not
  // have seen rows that are not trained on, should the run be interrupted in between.
  void give_tees(std::int64_t step) {
    std::unique_lock one(tees_);
    const auto now = held_.extract(step);
    one.unlock();
    if (now.empty()) return;
    for (const plan_node& n : session_.plan().nodes)
      if (const auto rows = now.mapped().find(&n); rows != now.mapped().end()) tee_(n, step, rows->second);
  }

  session& session_;
  learner& learner_;
  observer& observer_;
  const tee_listener& tee_;
  const stream_nodes& nodes_;
  drawn_stream drawn_;
  const batch_share share_;
  // A batch of the step behind the gate.
  std::int64_t size_ = 0;
  std::vector<shard_gradient> arrived_;
  std::vector<batch> behind_;
  std::size_t behind_count_ = 0;
  double loss_ = 0;
  std::mutex tees_;
  std::map<std::int64_t, std::map<const plan_node*, batch>> held_;  // for the sinks beside the training, by step
};

}

batch_share own_share(const session& s, const learner& l) {
  const plan& p = s.plan();
  const std::vector<std::string>& nodes = p.streams.front().nodes;
  const bool beside = std::any_of(nodes.begin(), nodes.end(), [&](const std::string& id) {
    const plan_node& n = p.node(id);
    return n.kind() == node_kind::sink && n.role() != "trainer" && n.every > 0;
  });
  const shard_block own = l.own_shards();
  const batch_share mine{own.first, own.last, p.training().trainer.as<trainer>().shards};
  const std::int64_t rows = p.training().loader.as<loader>().batch_size;
  return beside || !l.draws_rows_alone() || mine.begin(rows) == mine.end(rows) ? batch_share{} : mine;
}

void train(session& s, learner& l, workers& pool, observer& o, std::int64_t last,
           const std::function<bool(double loss)>& finished, const tee_listener& tee) {
  if (s.step() >= last) return;
  training_stream(s, l, o, tee).run(pool, last, finished);
}

}
