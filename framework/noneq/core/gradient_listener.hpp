// Gradients that are final before the backward pass which computes them has ended, so that others can use them
// meanwhile.
#pragma once

#include "noneq/core/tensor.hpp"

namespace noneq {

class gradient_listener {
 public:
  virtual ~gradient_listener() = default;
  // `gradient` is all that this backward pass adds to the gradient of `weight`, in the memory that the pass returns.
  // Called by the thread of the pass.
  virtual void found(const Tensor& weight, const Tensor& gradient) = 0;
};

// While it lives, backward passes on this thread that can report gradients early report them to the listener.
class listening {
 public:
  explicit listening(gradient_listener* to);  // null: to none
  ~listening();
  listening(const listening&) = delete;
  listening& operator=(const listening&) = delete;

 private:
  gradient_listener* before_;
};

// Returns the listener of this thread, or null.
gradient_listener* listener_here();

}
