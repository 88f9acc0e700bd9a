// The text of what an action throws.
#pragma once

#include <string>

#include "noneq/core/error.hpp"
#include "scratch.hpp"

namespace testing {

template <class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const noneq::error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

inline bool says(const std::string& message, const std::string& part) { return message.find(part) != message.npos; }

}
