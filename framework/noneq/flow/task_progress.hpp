// The progress of a verb through work of a known amount, with the time left: "repacking: 41 % of 3.2 GB, 0:12 left".
// One thread.
#pragma once

#include <chrono>
#include <string>

#include "noneq/flow/progress.hpp"

namespace noneq::flow {

// "3.2 GB", with units of thousands.
std::string bytes_text(double bytes);

class task_progress {
 public:
  enum class amount { bytes, rows };

  // quiet: nothing is printed. `what` is a word for the work, such as "repacking".
  task_progress(bool quiet, std::string what, amount of)
      : line_(quiet ? telling::errors : telling::waiting, 0, 0), what_(std::move(what)), of_(of) {}

  // Called at any rate with what is done of all. An amount that is smaller than the one before, or another sum, begins
  // the next piece of work, whose time is its own.
  void done(double amount, double all);
  // Clears the line, before other output.
  void clear() { line_.clear(); }

  // Returns the line after these seconds of the work.
  std::string text(double amount, double all, double seconds) const;

 private:
  progress line_;
  const std::string what_;
  const amount of_;
  double done_ = 0, all_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}
