#include "noneq/app/ask_apart.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/plugin/crashes.hpp"

namespace noneq::app {
namespace {

using nlohmann::ordered_json;
using show_table = std::function<ordered_json(const plugin_entry&)>;

constexpr int patience_in_seconds = 20;

void write_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(to, text.data(), text.size());
    if (n < 0 && errno != EINTR) ::_exit(1);
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The child: one line for each plugin.
[[noreturn]] void answer(registry& plugins, const std::vector<plugin_name>& which, std::size_t from,
                         const show_table& show, int to) {
  // The parent reports crashes of this process, so an expected one needs no core dump.
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGINT, SIGTERM, SIGHUP})
    std::signal(number, SIG_DFL);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit nothing{0, 0};
  ::setrlimit(RLIMIT_CORE, &nothing);
  for (std::size_t i = from; i < which.size(); ++i) {
    ordered_json line;
    try {
      line = {{"said", show(plugins.find(which[i].role, which[i].name))}};
    } catch (...) {
      line = {{"problem", text_of(std::current_exception())}};
    }
    write_all(to, line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
  }
  ::_exit(0);
}

// Returns in words how the child ended before it was done.
std::string end_of(pid_t child, bool hangs) {
  if (hangs) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (hangs) return fmt::format("did not answer within {} s", patience_in_seconds);
  return WIFSIGNALED(status) ? signal_name(WTERMSIG(status))
                             : fmt::format("left with exit code {}", WEXITSTATUS(status));
}

// Reads the lines that come through the pipe until it ends; returns true when some process still holds it without
// writing.
bool read_lines(int from, const std::function<void(const std::string&)>& use) {
  std::string pending;
  char block[1 << 14];
  for (;;) {
    pollfd waiting{from, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, patience_in_seconds * 1000);
    if (ready == 0) return true;
    const ssize_t n = ready < 0 ? -1 : ::read(from, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    pending.append(block, static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end; (end = pending.find('\n', begin)) != pending.npos; begin = end + 1)
      use(pending.substr(begin, end - begin));
    pending.erase(0, begin);
  }
}

}

std::vector<plugin_answer> ask_apart(registry& plugins, const std::vector<plugin_name>& which, const show_table& show) {
  std::vector<plugin_answer> answers;
  while (answers.size() < which.size()) {
    int ends[2];
    if (::pipe(ends) != 0) throw error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    const pid_t child = ::fork();
    if (child < 0) throw error(fmt::format("cannot start a process: {}", std::strerror(errno)));
    if (child == 0) ::close(ends[0]), answer(plugins, which, answers.size(), show, ends[1]);
    ::close(ends[1]);
    const bool hangs = read_lines(ends[0], [&](const std::string& line) {
      ordered_json j = ordered_json::parse(line);
      answers.push_back({which[answers.size()], j.value("said", ordered_json{}), j.value("problem", "")});
    });
    ::close(ends[0]);
    const std::string end = end_of(child, hangs);
    if (answers.size() == which.size()) break;
    const plugin_name& of = which[answers.size()];
    answers.push_back(
        {of, {}, fmt::format("{}: {} when it was loaded and described", plugins.place(of.role, of.name), end)});
  }
  return answers;
}

}
