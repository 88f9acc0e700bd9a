// Collects the problems of a file, so that a user sees all of them at once and not one a run.
// Not thread-safe: one collection, one thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "noneq/core/error.hpp"

namespace noneq::config {

class problems {
 public:
  void add(const error& e);  // an input_error, caught as any type, counts as the errors it carries
  bool empty() const { return found_.empty(); }
  std::size_t size() const { return found_.size(); }

  // Replaces each problem by f(problem).
  template <class F>
  void replace(F&& f) {
    for (error& e : found_) e = f(e);
  }

  // Throws input_error with all problems by file, line and column, each once; does nothing when there are none. Those
  // without a line, as of --set, come first.
  void raise() const;

  // Calls f and keeps its noneq::error as e.at(where, subject). Returns whether f threw nothing. Other exceptions pass.
  template <class F>
  bool guard(F&& f, const place& where = {}, const std::string& subject = {}) {
    try {
      std::forward<F>(f)();
      return true;
    } catch (const error& e) {
      keep(e, where, subject);
      return false;
    }
  }

 private:
  void keep(const error& e, const place& where, const std::string& subject);

  std::vector<error> found_;
};

}
