// The counter of the stateful plugins. Their work depends on the number of calls before, so a resumed run equals one
// that was not interrupted only if their state was saved.
#pragma once

#include <mutex>

#include "noneq/plugin.hpp"

namespace stateful {

using noneq::Tensor;

// A number that grows with each call of next(), which may be concurrent.
class count {
 public:
  double next(double by = 1) {
    const std::lock_guard one(changing_);
    const double now = value_.item<double>();
    value_ = value_ + by;
    return now;
  }
  void state(const noneq::state_visitor& visit) { visit("count", value_); }

 private:
  std::mutex changing_;
  Tensor value_ = at::zeros({}, at::kDouble);
};

// A plugin of this role with a count of its calls.
template <class Role>
struct counted : Role {
  mutable count calls;
  void state(const noneq::state_visitor& visit) override {
    Role::state(visit);
    calls.state(visit);
  }
};

}
