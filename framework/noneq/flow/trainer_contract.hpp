// Tries the contract that trainer.hpp states for a trainer's optimizer and optimizer_state() on a few numbers: training
// cuts and joins the state by it, and a resumed run must go on as if it had never stopped.
#pragma once

#include <string>

#include "noneq/plugin/roles/trainer.hpp"

namespace noneq {

// Throws noneq::error naming what of the contract `by`, the trainer's full name, does not keep. Pure, thread-safe.
void check_optimizer(const trainer& t, const std::string& by);

// ".<name>" of a state's "<position>.<name>". Throws noneq::error for another form.
std::string after_position(const std::string& name);

// Puts `saved` where a visitor is shown `shown`: in place where the shape is the same, so that nothing shares memory.
void put_state(Tensor& shown, const Tensor& saved);

}
