#include "noneq/core/gradient_listener.hpp"

#include <utility>

namespace noneq {

static thread_local gradient_listener* here = nullptr;

listening::listening(gradient_listener* to) : before_(std::exchange(here, to)) {}
listening::~listening() { here = before_; }

gradient_listener* listener_here() { return here; }

}
