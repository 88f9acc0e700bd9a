// The observers of calls of plugins: progress, records, written files, the trace, the profile. Every call of a plugin
// in a stream goes through one door, which names the plugin to the handler of crashes, gives errors their place and
// passes the call to all observers.
#pragma once

#include <mutex>
#include <vector>

#include "noneq/flow/engine.hpp"
#include "noneq/flow/plan.hpp"
#include "noneq/plugin/node.hpp"

namespace noneq::flow {

struct node_call {
  const plan_node& node;
  calling what;
  std::int64_t index;     // of the batch in its stream
  std::int64_t part = 0;  // of a batch that was cut
};

// The end of a stream, or of a training step.
struct event {
  std::int64_t step = 0;  // of training
  std::string occasion;   // "" at the end, "step 5000" on the way
};

struct observer {
  virtual ~observer() = default;
  // Called around each call, on the thread that makes it, concurrently. ended() is called after exceptions, too.
  virtual void begins(const node_call&) {}
  virtual void ended(const node_call&) {}
  // Called concurrently when the number of batches under way in a stream changed.
  virtual void under_way(std::int64_t /*batches*/) {}
  // Called when a sampler or a metric begins, with the number of its batches.
  virtual void expects(const plan_node&, std::int64_t /*batches*/) {}
  // Called on any thread, concurrently, for each call of the network.
  virtual void network_called(const plan_node&) {}
  // Called concurrently when a sampler has advanced by this share of all its work.
  virtual void advanced(const plan_node&, double /*share*/) {}
  // Called between two training steps.
  virtual void stepped(std::int64_t /*step*/, double /*loss*/) {}
  // Called between two training steps when the mean of the losses since the last record is known.
  virtual void loss_found(const plan_node&, std::int64_t /*step*/, const measured&) {}
  // Called when a sink finished, by one thread at a time.
  virtual void found(const plan_node&, const event&, const outcome&) {}
  // Called concurrently with a line for the user.
  virtual void remark(const std::string& /*line*/) {}
};

// Passes every call on to each of several observers, which outlive it.
class observers : public observer {
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
  void loss_found(const plan_node& n, std::int64_t step, const measured& m) override;
  void found(const plan_node& n, const event& e, const outcome& o) override;
  void remark(const std::string& line) override;

 private:
  std::vector<observer*> all_;
  std::mutex finding_;
};

// Shows the work of one of so many processes, which do about equal parts of it, as that of all.
class for_equal_ranks final : public observers {
 public:
  for_equal_ranks(observer& o, int ranks) : observers({&o}), ranks_(ranks) {}
  void advanced(const plan_node& n, double share) override { observers::advanced(n, share * ranks_); }
  void expects(const plan_node& n, std::int64_t batches) override {
    observers::expects(n, (batches + ranks_ - 1) / ranks_);
  }

 private:
  int ranks_;
};

// Calls f for a node between begins() and ended() of the observer. Any exception is rethrown as an error at the node.
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
