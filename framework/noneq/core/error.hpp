// The one exception of the project. Its text is one line that a user can act on:
//   file:line:col: node.param: got X, need Y
// Values, thread-safe.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace noneq {

// A spot in a text file; line and col count from 1; line 0 means "the file as a whole".
struct place {
  std::string file;
  int line = 0;
  int col = 0;
  std::string str() const;  // "file:line:col", as much of it as is known, "" when nothing is
};

class error : public std::exception {
 public:
  // `what` states the problem and the remedy; `subject` is the node or node.param it concerns ("" for none).
  explicit error(std::string what, std::string subject = {}, place where = {});

  const char* what() const noexcept override { return line_.c_str(); }
  const std::string& message() const { return message_; }
  const std::string& subject() const { return subject_; }
  const place& where() const { return where_; }

  // Returns this error about parameter `p` as one about `subject.p`.
  error within(const std::string& subject) const;
  // Returns this error with `where` and `subject` where it has none of its own.
  error at(const place& where, const std::string& subject) const;

 private:
  std::string message_, subject_, line_;
  place where_;
};

// Calls f. An error about parameter `p` is rethrown as one about `subject.p`.
template <class F>
void said_of(const std::string& subject, F&& f) {
  try {
    f();
  } catch (const error& e) {
    if (e.subject().empty()) throw;
    throw e.within(subject);
  }
}

// Bad input: refused before anything ran (exit code 2). Carries every problem found, one line each in what().
class input_error : public error {
 public:
  explicit input_error(std::vector<error> problems);
  const std::vector<error>& problems() const { return problems_; }

 private:
  std::vector<error> problems_;
};

// Returns the first line of a text. The texts of libtorch's exceptions, for example, carry a backtrace below it.
std::string first_line(std::string_view text);

// Returns the candidate closest to `word`, or "" when none is close.
std::string closest_to(std::string_view word, const std::vector<std::string>& candidates);
// The candidate closest to `word`, as ", did you mean 'x'?"; "" when none is close.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}
