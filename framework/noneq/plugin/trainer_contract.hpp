// Tries the contract that trainer.hpp states for a trainer's optimizer and optimizer_state() on a few numbers: training
// cuts and joins the state under this contract, and a resumed run must go on as if it had never stopped.
#pragma once

#include <string>

#include "noneq/plugin/roles/trainer.hpp"

namespace noneq {

// Throws noneq::error naming the part of the contract that `by`, the trainer's full name, violates. Pure, thread-safe.
void check_optimizer(const trainer& t, const std::string& by);

// Returns ".<name>" of a state's "<position>.<name>". Throws noneq::error for another form.
std::string after_position(const std::string& name);

// Replaces a visited tensor by `saved`: in place where the shapes are equal, so that nothing shares memory.
void put_state(Tensor& shown, const Tensor& saved);

}
