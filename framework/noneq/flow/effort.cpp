#include "noneq/flow/effort.hpp"

#include <fmt/format.h>

#include "noneq/flow/progress.hpp"

namespace noneq::flow {

std::string effort::text() const {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double share = share_, parts = static_cast<double>(parts_), finished = static_cast<double>(finished_);
  std::string line = node_ + ":";
  if (share > 0) line += fmt::format(" {:.0f} %,", 100 * std::min(share, 1.0));
  if (parts_ > 0) line += fmt::format(" {} of {} parts,", finished_.load(), parts_.load());
  if (calls_ > 0) line += fmt::format(" {} calls of the network,", calls_.load());
  const double done = share > 0 ? share : parts > 0 ? finished / parts : 0;
  return fmt::format("{} {}{}", line, minutes(done > 0 ? seconds * (1 - std::min(done, 1.0)) / done : seconds),
                     done > 0 ? " left" : "");
}

}
