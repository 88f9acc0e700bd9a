// Who listens while plugins are called: progress, records, written files, the trace, the profile. Every call of a
// plugin in a stream goes through one door, which names the plugin to the handler of crashes, gives errors their place
// and shows the call to all observers.
#pragma once

#include <mutex>
#include <vector>

#include "noneq/flow/engine.hpp"
#include "noneq/flow/plan.hpp"
#include "noneq/plugin/node.hpp"

namespace noneq {

struct node_call {
  const plan_node& node;
  calling what;
  std::int64_t index;     // of the batch in its stream
  std::int64_t part = 0;  // of a batch that was cut
};

// What happened when a stream ended, or a training step.
struct event {
  std::int64_t step = 0;  // of training
  std::string occasion;   // "" at the end, "step 5000" on the way
};

struct observer {
  virtual ~observer() = default;
  // Around each call, on the thread that makes it; several threads at once. ended() is called after exceptions, too.
  virtual void begins(const node_call&) {}
  virtual void ended(const node_call&) {}
  // The number of batches under way in a stream changed; several threads at once.
  virtual void under_way(std::int64_t /*batches*/) {}
  // A sampler or a metric begins with so many batches …
  virtual void expects(const plan_node&, std::int64_t /*batches*/) {}
  // … calls the network once more, on any thread …
  virtual void network_called(const plan_node&) {}
  // … and is further by so much of all its work; several threads at once.
  virtual void advanced(const plan_node&, double /*share*/) {}
  // A training step is complete; between two steps.
  virtual void stepped(std::int64_t /*step*/, double /*loss*/) {}
  // A sink finished; one thread at a time.
  virtual void found(const plan_node&, const event&, const outcome&) {}
  // A line for the user; several threads at once.
  virtual void remark(const std::string& /*line*/) {}
};

// Passes everything on to each of several observers, which outlive it.
class observers final : public observer {
 public:
  observers() = default;
  explicit observers(std::vector<observer*> all) : all_(std::move(all)) {}
  void add(observer& one) { all_.push_back(&one); }

  void begins(const node_call& c) override;
  void ended(const node_call& c) override;
  void under_way(std::int64_t batches) override;
  void expects(const plan_node& n, std::int64_t batches) override;
  void network_called(const plan_node& n) override;
  void advanced(const plan_node& n, double share) override;
  void stepped(std::int64_t step, double loss) override;
  void found(const plan_node& n, const event& e, const outcome& o) override;
  void remark(const std::string& line) override;

 private:
  std::vector<observer*> all_;
  std::mutex finding_;
};

// Calls f for a node, shown to the observer. What f throws, of whatever type, is rethrown as an error at the node.
template <class F>
auto through_door(observer& o, const node_call& c, F&& f) {
  struct scope {
    observer& o;
    const node_call& c;
    scope(observer& listens, const node_call& call) : o(listens), c(call) { o.begins(c); }
    scope(const scope&) = delete;
    ~scope() { o.ended(c); }
  };
  const scope here(o, c);
  return working(c.node, std::forward<F>(f));
}

}
