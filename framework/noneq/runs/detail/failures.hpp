// Exceptions of the framework as those that the caller knows.
#pragma once

#include <exception>

#include "noneq/runs.hpp"

namespace noneq::runs {

// Returns the failure that an exception is. `bad_input`: a noneq::error is one, because nothing has been computed yet.
failure failure_of(const std::exception_ptr& e, bool bad_input);

// Call f; its exceptions are rethrown as failures.
template <class F>
decltype(auto) checking(F&& f) {
  try {
    return f();
  } catch (...) {
    throw failure_of(std::current_exception(), true);
  }
}
template <class F>
decltype(auto) computing(F&& f) {
  try {
    return f();
  } catch (...) {
    throw failure_of(std::current_exception(), false);
  }
}

}
