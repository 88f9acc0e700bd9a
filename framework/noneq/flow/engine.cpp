#include "noneq/flow/engine.hpp"

#include <atomic>
#include <deque>

#include <tbb/flow_graph.h>

#include "noneq/flow/joined_source.hpp"
#include "noneq/flow/parts_in_order.hpp"

namespace noneq::flow {
namespace {

namespace graphs = tbb::flow;
using token = graphs::continue_msg;

// The messages on the edges.
struct item {
  std::int64_t index = 0;
  batch rows;
};
struct input_item {
  std::size_t input = 0;
  item of;
};
struct part_item {
  std::int64_t index = 0, part = 0;
  std::any mapped;
};
struct cut_item {
  std::int64_t index = 0, part = 0;
  batch rows;
};

// The oneTBB nodes of one stream, owned for as long as the graph runs.
class running {
 public:
  explicit running(const stream_graph& s) : stream_(s), next_(s.first), completed_(s.first), sinks_(count_sinks(s)) {
    graphs::make_edge(indices_, tokens_);
    graphs::make_edge(graphs::output_port<0>(complete_), tokens_.decrementer());
    for (std::size_t v = 0; v < s.vertices.size(); ++v) add_vertex(v);
  }

  // The nodes are destroyed before the graph; so nothing may be at work in them then, also where run() was left by an
  // exception.
  ~running() {
    graph_.cancel();
    try {
      graph_.wait_for_all();
    } catch (...) {  // a second one; the first is on its way
    }
  }

  void run() {
    for (auto& open : gates_) open->try_put(token());
    indices_.activate();
    graph_.wait_for_all();
  }

 private:
  using sender = graphs::sender<item>;

  static std::int64_t count_sinks(const stream_graph& s) {
    return std::count_if(s.vertices.begin(), s.vertices.end(), [](const vertex& v) { return v.sink.has_value(); });
  }

  template <class Node, class... Arguments>
  Node& make(Arguments&&... arguments) {
    auto node = std::make_shared<Node>(graph_, std::forward<Arguments>(arguments)...);
    nodes_.push_back(node);
    return *node;
  }

  // Calls f through the door. Nothing is called, and nothing thrown, once the stream has stopped.
  void call(const vertex_call& c, const std::function<void()>& f) {
    if (stopped_) return;
    try {
      stream_.door(c, f);
    } catch (...) {
      if (!stopped_) throw;
    }
  }

  void count_under_way(std::int64_t change) {
    const std::int64_t now = under_way_ += change;
    if (stream_.under_way) stream_.under_way(now);
  }

  void add_vertex(std::size_t v) {
    const vertex& of = stream_.vertices[v];
    sender* made = of.in.empty() ? source(v) : of.in.size() == 1 ? renaming(v) : join(v);
    if (of.run) {
      auto& node = make<graphs::function_node<item, item>>(graphs::unlimited, [this, v](item i) {
        call({v, calling::run, i.index}, [&] { i.rows = stream_.vertices[v].run(std::move(i.rows)); });
        return i;
      });
      graphs::make_edge(*made, node);
      made = &node;
    }
    outputs_.push_back({made});
    if (of.sink) sink(v, *made);
  }

  sender* source(std::size_t v) {
    auto& node = make<graphs::function_node<std::int64_t, item>>(graphs::serial, [this, v](std::int64_t index) {
      if (v == 0) count_under_way(+1);
      item i{index, {}};
      call({v, calling::fetch, index}, [&] { i.rows = stream_.vertices[v].fetch(index); });
      return i;
    });
    graphs::make_edge(tokens_, node);
    return &node;
  }

  sender& output(const vertex_output& of) { return *outputs_.at(of.vertex).at(of.output); }

  const std::map<std::string, std::string>& names(std::size_t v, std::size_t input) const {
    static const std::map<std::string, std::string> none;
    const auto& as = stream_.vertices[v].as;
    return input < as.size() ? as[input] : none;
  }

  sender* renaming(std::size_t v) {
    sender& before = output(stream_.vertices[v].in.front());
    if (names(v, 0).empty()) return &before;
    auto& node = make<graphs::function_node<item, item>>(graphs::unlimited, [this, v](item i) {
      return item{i.index, renamed(std::move(i.rows), names(v, 0))};
    });
    graphs::make_edge(before, node);
    return &node;
  }

  // Batches of one index from all inputs, as one batch.
  sender* join(std::size_t v) {
    const std::size_t inputs = stream_.vertices[v].in.size();
    using joining = graphs::multifunction_node<input_item, std::tuple<item>>;
    auto waiting = std::make_shared<std::map<std::int64_t, std::map<std::size_t, batch>>>();
    auto& node = make<joining>(graphs::serial, [this, v, inputs, waiting](input_item i, auto& out) {
      auto& there = (*waiting)[i.of.index];
      there[i.input] = renamed(std::move(i.of.rows), names(v, i.input));
      if (there.size() < inputs) return;
      item whole{i.of.index, std::move(there[0])};
      call({v, calling::run, i.of.index}, [&] {
        for (std::size_t k = 1; k < inputs; ++k) join_into(whole.rows, std::move(there[k]));
      });
      waiting->erase(i.of.index);
      std::get<0>(out).try_put(std::move(whole));
    });
    for (std::size_t k = 0; k < inputs; ++k) {
      auto& numbered = make<graphs::function_node<item, input_item>>(graphs::unlimited, [k](item i) {
        return input_item{k, std::move(i)};
      });
      graphs::make_edge(output(stream_.vertices[v].in[k]), numbered);
      graphs::make_edge(numbered, node);
    }
    return &graphs::output_port<0>(node);
  }

  std::size_t position(std::int64_t index) const { return static_cast<std::size_t>(index - stream_.first); }

  void sink(std::size_t v, sender& before) {
    if (stream_.vertices[v].sink->gated || stream_.vertices[v].sink->parts > 1 || stream_.vertices[v].sink->enter)
      cut_sink(v, before);
    else
      whole_sink(v, before);
  }

  // Batches are mapped as they come, and put in order after that.
  void whole_sink(std::size_t v, sender& before) {
    auto& map = make<graphs::function_node<item, part_item>>(graphs::unlimited, [this, v](item i) {
      part_item mapped{i.index, 0, {}};
      call({v, calling::map, i.index}, [&] { mapped.mapped = stream_.vertices[v].sink->map(std::move(i.rows), 0); });
      return mapped;
    });
    auto& in_order = make<graphs::sequencer_node<part_item>>([this](const part_item& i) { return position(i.index); });
    auto& add = make<graphs::function_node<part_item, std::int64_t>>(graphs::serial, [this, v](part_item i) {
      call({v, calling::add, i.index}, [&] { stream_.vertices[v].sink->add(std::move(i.mapped)); });
      return i.index;
    });
    graphs::make_edge(before, map);
    graphs::make_edge(map, in_order);
    graphs::make_edge(in_order, add);
    graphs::make_edge(add, complete_);
  }

  // Batches are put in order, wait at the gate, are cut, and their parts mapped concurrently.
  void cut_sink(std::size_t v, sender& before) {
    const sink_part& of = *stream_.vertices[v].sink;
    auto& in_order = make<graphs::sequencer_node<item>>([this](const item& i) { return position(i.index); });
    graphs::make_edge(before, in_order);
    using cutting = graphs::multifunction_node<item, std::tuple<cut_item>>;
    auto& cut = make<cutting>(graphs::serial, [this, v](item i, auto& out) {
      const sink_part& of = *stream_.vertices[v].sink;
      if (of.enter) call({v, calling::enter, i.index}, [&] { i.rows = of.enter(std::move(i.rows)); });
      for (std::int64_t p = 0; p < of.parts; ++p)
        std::get<0>(out).try_put({i.index, p, of.parts == 1 ? i.rows : i.rows.share({p, p + 1, of.parts})});
    });
    if (of.gated) {
      using gate_node = graphs::join_node<std::tuple<item, token>, graphs::queueing>;
      using passing = graphs::function_node<std::tuple<item, token>, item>;
      auto& gate = make<gate_node>();
      auto& pass =
          make<passing>(graphs::serial, [](std::tuple<item, token> both) { return std::get<0>(std::move(both)); });
      graphs::make_edge(in_order, graphs::input_port<0>(gate));
      graphs::make_edge(gate, pass);
      graphs::make_edge(pass, cut);
      gates_.push_back(&graphs::input_port<1>(gate));
    } else {
      graphs::make_edge(in_order, cut);
    }
    auto& map = make<graphs::function_node<cut_item, part_item>>(graphs::unlimited, [this, v](cut_item i) {
      part_item mapped{i.index, i.part, {}};
      call({v, calling::map, i.index, i.part},
           [&] { mapped.mapped = stream_.vertices[v].sink->map(std::move(i.rows), i.part); });
      return mapped;
    });
    using collecting = graphs::multifunction_node<part_item, std::tuple<std::int64_t, input_item>>;
    auto parts = std::make_shared<parts_in_order>(stream_.first, of.parts);
    auto& collect = make<collecting>(graphs::serial, [this, v, parts](part_item i, auto& out) {
      const sink_part& of = *stream_.vertices[v].sink;
      parts->put(i.index, i.part, std::move(i.mapped));
      while (auto whole = parts->take()) {
        for (std::int64_t p = 0; p < of.parts; ++p)
          call({v, calling::add, whole->index, p},
               [&] { of.add(std::move(whole->parts[static_cast<std::size_t>(p)])); });
        std::vector<batch> more;
        if (of.pass_on && !stopped_) more = of.pass_on();
        for (std::size_t k = 0; k < more.size(); ++k) std::get<1>(out).try_put({k, {whole->index, std::move(more[k])}});
        std::get<0>(out).try_put(whole->index);
      }
    });
    graphs::make_edge(cut, map);
    graphs::make_edge(map, collect);
    graphs::make_edge(graphs::output_port<0>(collect), complete_);
    if (of.pass_on) pass_on(v, graphs::output_port<1>(collect));
  }

  // One node for each further output of a sink that has followers.
  void pass_on(std::size_t v, graphs::sender<input_item>& all) {
    std::size_t outputs = 0;
    for (const vertex& other : stream_.vertices)
      for (const vertex_output& in : other.in)
        if (in.vertex == v) outputs = std::max(outputs, in.output + 1);
    outputs_[v].resize(std::max<std::size_t>(1, outputs));
    for (std::size_t k = 0; k < outputs; ++k) {
      using choosing = graphs::multifunction_node<input_item, std::tuple<item>>;
      auto& choose = make<choosing>(graphs::serial, [k](input_item i, auto& out) {
        if (i.input == k) std::get<0>(out).try_put(std::move(i.of));
      });
      graphs::make_edge(all, choose);
      outputs_[v][k] = &graphs::output_port<0>(choose);
    }
  }

  // Every sink has one call for each batch. A node may begin with its next message before it passed on the last, so
  // these calls need not come in order.
  template <class Ports>
  void complete(std::int64_t index, Ports& out) {
    ++done_[index];
    for (auto next = done_.find(completed_); next != done_.end() && next->second == sinks_;
         next = done_.find(completed_)) {
      done_.erase(next);
      count_under_way(-1);
      if (stopped_) return;
      const std::int64_t whole = completed_++;
      if (stream_.completed && !stream_.completed(whole)) {
        stopped_ = true;
        return;
      }
      std::get<0>(out).try_put(token());
      if (whole + 1 < stream_.last)
        for (auto& open : gates_) open->try_put(token());
    }
  }

  const stream_graph& stream_;
  std::int64_t next_, completed_;  // the index that begins, and the one that is to be complete, next
  const std::int64_t sinks_;
  std::atomic<bool> stopped_ = false;
  std::atomic<std::int64_t> under_way_ = 0;
  std::map<std::int64_t, std::int64_t> done_;
  std::vector<std::vector<sender*>> outputs_;
  std::vector<graphs::receiver<token>*> gates_;

  graphs::graph graph_;
  graphs::input_node<std::int64_t> indices_{graph_, [this](tbb::flow_control& c) -> std::int64_t {
                                              if (next_ == stream_.last || stopped_) return c.stop(), 0;
                                              return next_++;
                                            }};
  graphs::limiter_node<std::int64_t> tokens_{graph_, stream_.tokens};
  graphs::multifunction_node<std::int64_t, std::tuple<token>> complete_{
      graph_, graphs::serial, [this](std::int64_t index, auto& out) { complete(index, out); }};
  std::vector<std::shared_ptr<void>> nodes_;
};

}

void run_stream(workers& pool, const stream_graph& s) {
  if (s.first >= s.last) return;
  pool.execute([&] { running(s).run(); });
}

}
