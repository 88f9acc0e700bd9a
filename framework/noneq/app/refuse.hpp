// Errors that a verb finds before it works are bad input, exit code 2.
#pragma once

#include <utility>

#include "noneq/core/error.hpp"

namespace noneq::app {

// Calls f and rethrows a noneq::error as an input_error of the same lines.
template <class F>
decltype(auto) as_input(F&& f) {
  try {
    return std::forward<F>(f)();
  } catch (const input_error&) {
    throw;
  } catch (const error& e) {
    throw input_error({e});
  }
}

}
