// The messages of a run: a progress line on a terminal, plain lines otherwise. Thread-safe; messages that cannot be
// written are dropped.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "noneq/plugin/measured.hpp"

namespace noneq::flow {

// The amount of output: nothing but errors, also the progress, or everything.
enum class telling { errors, waiting, everything };

class progress {
 public:
  progress(telling what, std::int64_t first_step, std::int64_t last_step);
  progress(progress&&) = delete;
  ~progress() { clear(); }
  // Prints one line; the progress line moves below it.
  void say(const std::string& line);
  // Called after each training step.
  void stepped(std::int64_t step, double loss, const char* unit);
  // Called in the midst of other long work, at any rate. text() is called when the line is due: on a terminal once a
  // second, else every ten seconds, and first after that time, so that short work prints nothing.
  void at_work(const std::function<std::string()>& text);
  // Clears the progress line, before other output goes to the terminal.
  void clear();

 private:
  using clock = std::chrono::steady_clock;
  bool due();  // returns whether the line is due, and then sets the time of the next
  void draw(const std::string& line, bool stays);
  std::string step_line(std::int64_t step, double loss, const char* unit) const;

  const telling what_;
  const bool terminal_;
  const std::int64_t first_, last_;
  const clock::time_point start_ = clock::now();
  std::mutex one_line_;
  clock::time_point next_;
  bool line_open_ = false;
};

// Returns "4:07"; hours are minutes too.
std::string minutes(double seconds);

// Returns "K = −1.37 ± 0.01 bits", with no more digits than the error gives meaning to.
std::string to_text(const measured& m);

}
