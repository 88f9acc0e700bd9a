// The program noneq as its users start it: a child process with arguments, of which the exit code and both streams
// come back. Streams go to files, so that a child that prints much never waits for its reader.
#pragma once

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.hpp"

namespace testing {

inline std::string text_of(const std::filesystem::path& file) {
  std::ostringstream all;
  all << std::ifstream(file, std::ios::binary).rdbuf();
  return all.str();
}

inline void put_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

struct outcome {
  int code = 0;  // the exit code; minus the signal when one ended the child
  std::string out, err;
};

struct surroundings {
  std::filesystem::path folder = {};                  // working directory; empty: this one
  std::string plugin_path = {};                       // NONEQ_PLUGIN_PATH; empty: unset
  std::string out = {};                               // where the standard output goes; empty: collected
  std::string err = {};                               // the same of the error stream
  std::vector<int> closed = {};                       // streams that are closed: 0, 1, 2
  std::vector<int> ignored = {};                      // signals that the program is started to ignore
  std::map<std::string, std::string> variables = {};  // of its environment
  long largest_file = 0;                              // RLIMIT_FSIZE in bytes; 0: no limit
  long address_space = 0;                             // RLIMIT_AS in bytes; 0: no limit
  int seconds = 300;                                  // then the child hangs, and is killed; sanitizers are slow
};

class child {
 public:
  explicit child(const std::vector<std::string>& arguments, surroundings around = {}) : around_(std::move(around)) {
    const char* program = std::getenv("NONEQ");
    if (program == nullptr) throw std::runtime_error("NONEQ must name the program to test");
    std::vector<std::string> words{std::filesystem::absolute(program).string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string out = around_.out.empty() ? (streams_ / "out").string() : around_.out;
    const std::string err = around_.err.empty() ? (streams_ / "err").string() : around_.err;
    id_ = ::fork();
    if (id_ == 0) become(argv, out, err);
  }
  child(child&&) = delete;
  ~child() {
    if (id_ > 0) ::kill(id_, SIGKILL), ::waitpid(id_, nullptr, 0);
  }

  void send(int signal) const { ::kill(id_, signal); }
  pid_t id() const { return id_; }

  bool running() {
    if (id_ > 0 && ::waitpid(id_, &status_, WNOHANG) == id_) id_ = 0;
    return id_ > 0;
  }

  // Waits until condition() holds; false when the child ended before.
  template <class Condition>
  bool until(const Condition& condition) {
    while (running()) {
      if (condition()) return true;
      pause();
    }
    return condition();
  }

  outcome wait() {
    while (running()) pause();
    const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
    return {code, around_.out.empty() ? text_of(streams_ / "out") : "",
            around_.err.empty() ? text_of(streams_ / "err") : ""};
  }

 private:
  // Between fork and exec only what POSIX calls async-signal-safe, but for setenv, of which this process has one
  // thread.
  [[noreturn]] void become(const std::vector<char*>& argv, const std::string& out, const std::string& err) const {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0666), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0666), 2);
    for (const int stream : around_.closed) ::close(stream);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
    for (const int signal : around_.ignored) ::signal(signal, SIG_IGN);
    if (!around_.folder.empty() && ::chdir(around_.folder.c_str()) != 0) ::_exit(125);
    if (!around_.plugin_path.empty()) ::setenv("NONEQ_PLUGIN_PATH", around_.plugin_path.c_str(), 1);
    for (const auto& [name, text] : around_.variables) ::setenv(name.c_str(), text.c_str(), 1);
    if (around_.largest_file > 0) {
      const rlimit limit{static_cast<rlim_t>(around_.largest_file), static_cast<rlim_t>(around_.largest_file)};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (around_.address_space > 0) {
      const rlimit limit{static_cast<rlim_t>(around_.address_space), static_cast<rlim_t>(around_.address_space)};
      ::setrlimit(RLIMIT_AS, &limit);
    }
    ::execv(argv[0], argv.data());
    ::_exit(126);
  }

  void pause() {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    if (std::chrono::steady_clock::now() - start_ > std::chrono::seconds(around_.seconds)) {
      send(SIGKILL);
      ::waitpid(id_, &status_, 0);
      id_ = 0;
      put_text(streams_ / "err", text_of(streams_ / "err") + "\n(hangs)\n");
    }
  }

  const surroundings around_;
  scratch streams_;
  pid_t id_ = 0;
  int status_ = 0;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline outcome program(const std::vector<std::string>& arguments, surroundings around = {}) {
  return child(arguments, std::move(around)).wait();
}

// The messages without the lines of the file that stand below a problem.
inline std::string without_excerpts(const std::string& messages) {
  std::istringstream lines(messages);
  std::string kept;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("  ")) kept += line + "\n";
  return kept;
}

inline std::ptrdiff_t problem_count(const std::string& messages) {
  const std::string lines = without_excerpts(messages);
  return std::count(lines.begin(), lines.end(), '\n');
}

inline bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}
