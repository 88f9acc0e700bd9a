#include "noneq/app/problem_text.hpp"

#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdlib>
#include <string_view>

#include "noneq/config/excerpt.hpp"
#include "noneq/core/messages.hpp"

namespace noneq::app {

bool takes_colours(int stream) {
  const char *refused = std::getenv("NO_COLOR"), *kind = std::getenv("TERM");
  if (refused && *refused) return false;
  return ::isatty(stream) && kind && std::string_view(kind) != "dumb";
}

std::size_t columns_of(int stream, std::size_t otherwise) {
  winsize size{};
  return ::ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : otherwise;
}

std::string problem_text(const input_error& e) {
  constexpr std::size_t usual = 100;
  config::excerpts files({columns_of(STDERR_FILENO, usual), takes_colours(STDERR_FILENO)});
  std::string text;
  for (const error& problem : e.problems()) text += on_one_line(problem.what()) + "\n" + files.of(problem.where());
  return text.empty() ? std::string(e.what()) + "\n" : text;
}

}
