#include "noneq/flow/task_progress.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace noneq::flow {

std::string bytes_text(double bytes) {
  constexpr const char* units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  std::size_t k = 0;
  for (; bytes >= 1000 && k < 5; ++k) bytes /= 1000;
  return fmt::format("{:.4g} {}", bytes, units[k]);
}

void task_progress::done(double amount, double all) {
  const auto now = std::chrono::steady_clock::now();
  if (amount < done_ || all != all_) start_ = now;
  done_ = amount, all_ = all;
  line_.at_work([&] { return text(amount, all, std::chrono::duration<double>(now - start_).count()); });
}

std::string task_progress::text(double amount, double all, double seconds) const {
  const std::string whole = of_ == task_progress::amount::bytes ? bytes_text(all) : fmt::format("{:.0f} rows", all);
  const double share = all > 0 ? std::clamp(amount / all, 0.0, 1.0) : 1;
  std::string line = fmt::format("{}: {:.0f} % of {}", what_, 100 * share, whole);
  if (share > 0) line += fmt::format(", {} left", minutes(seconds * (1 - share) / share));
  return line;
}

}
