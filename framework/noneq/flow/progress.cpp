#include "noneq/flow/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "noneq/core/messages.hpp"

namespace noneq::flow {

progress::progress(telling what, std::int64_t first_step, std::int64_t last_step)
    : what_(what), terminal_(isatty(STDERR_FILENO) != 0), first_(first_step), last_(last_step) {
  due();  // sets the time of the first line
}

bool progress::due() {
  const auto now = clock::now();
  if (now < next_) return false;
  // A terminal is redrawn in place; a log file has a line every ten seconds.
  next_ = now + std::chrono::seconds(terminal_ ? 1 : 10);
  return true;
}

void progress::draw(const std::string& line, bool stays) {
  put_message(fmt::format("{}{}{}", line_open_ ? "\r\033[K" : "", line, stays ? "\n" : ""));
  line_open_ = !stays;
}

void progress::say(const std::string& line) {
  if (what_ != telling::everything) return;
  const std::lock_guard one(one_line_);
  draw(line, true);
}

void progress::stepped(std::int64_t step, double loss, const char* unit) {
  if (what_ != telling::everything) return;
  const std::lock_guard one(one_line_);
  const bool last = step == last_;
  if (due() || last) draw(step_line(step, loss, unit), last || !terminal_);
}

void progress::at_work(const std::function<std::string()>& text) {
  if (what_ == telling::errors) return;
  const std::unique_lock one(one_line_, std::try_to_lock);  // another thread's line is as good
  if (one && due()) draw(text(), !terminal_);
}

void progress::clear() {
  const std::lock_guard one(one_line_);
  if (line_open_) put_message("\r\033[K");
  line_open_ = false;
}

std::string minutes(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9));
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string progress::step_line(std::int64_t step, double loss, const char* unit) const {
  const double seconds = std::chrono::duration<double>(clock::now() - start_).count();
  const double per_second = static_cast<double>(step - first_) / std::max(seconds, 1e-9);
  const double left = static_cast<double>(last_ - step) / std::max(per_second, 1e-9);
  return fmt::format("step {}/{}  loss {:.4g} {}  {:.1f} steps/s  {} left", step, last_, loss, unit, per_second,
                     minutes(left));
}

std::string to_text(const measured& m) {
  std::string unit = m.unit.empty() ? "" : " " + m.unit;
  if (m.n > 0) unit += fmt::format(" (n = {})", m.n);
  if (!std::isfinite(m.standard_error)) return fmt::format("{} = {:.5g}{}", m.name, m.value, unit);
  const auto magnitude = [](double x) { return static_cast<int>(std::floor(std::log10(std::abs(x)))); };
  const int digits = m.standard_error > 0 ? std::max(1 - magnitude(m.standard_error), 0) : 6;
  if (digits > 8) {  // as a plain number it would be zeros
    const int significant = m.value == 0 ? 2 : std::clamp(2 + magnitude(m.value) - magnitude(m.standard_error), 2, 12);
    return fmt::format("{} = {:.{}g} ± {:.2g}{}", m.name, m.value, significant, m.standard_error, unit);
  }
  return fmt::format("{} = {:.{}f} ± {:.{}f}{}", m.name, m.value, digits, m.standard_error, digits, unit);
}

}
