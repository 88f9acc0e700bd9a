#include "noneq/core/messages.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace noneq {

static std::atomic<bool> line_ended = true;

void put_message(std::string_view text) noexcept {
  if (!text.empty()) line_ended = text.back() == '\n';
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

const char* line_break() { return line_ended && ::isatty(STDERR_FILENO) == 0 ? "" : "\n"; }

void put_line(const std::string& line) { put_message(line_break() + line + "\n"); }

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text)
    if (c == '\n')
      line += "\\n";
    else if (const auto code = static_cast<unsigned char>(c); code < 0x20 || code == 0x7f)
      line += fmt::format("\\x{:02x}", code);
    else
      line += c;
  return line;
}

void guard_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  // open() returns the lowest free number. The output is opened for reading, so that writing results to it is an error.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", stream == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

}
