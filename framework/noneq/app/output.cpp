#include "noneq/app/output.hpp"

#include <cerrno>

#include "noneq/storage/files.hpp"

namespace noneq::app {

static void need(bool written) {
  if (written) return;
  if (errno == EPIPE) return std::clearerr(stdout);
  throw storage::file_error("the standard output", "write", errno);
}

void put_output(std::string_view text) { need(std::fwrite(text.data(), 1, text.size(), stdout) == text.size()); }

void flush_output() { need(std::fflush(stdout) == 0 && !std::ferror(stdout)); }

}
