#include "noneq/plugin/crashes.hpp"

#include <ucontext.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <string_view>

#include "noneq/plugin/at_work.hpp"
#include "noneq/plugin/description.hpp"

namespace noneq {
namespace {

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

std::string_view words(int number) {
  switch (number) {
    case SIGSEGV:
      return "segmentation fault (SIGSEGV)";
    case SIGBUS:
      return "bus error (SIGBUS)";
    case SIGFPE:
      return "arithmetic error (SIGFPE)";
    case SIGILL:
      return "illegal instruction (SIGILL)";
    case SIGABRT:
      return "abort (SIGABRT)";
    default:
      return "";
  }
}

// Everything a handler reads must be there before the crash: libraries are only ever added, and stay.
std::atomic<const mapped_library*> newest{nullptr};
std::array<struct sigaction, crashes.size()> former;

// Builds a line without an allocation; text that does not fit is cut off.
class line {
 public:
  line& operator<<(std::string_view text) {
    const std::size_t n = std::min(text.size(), text_.size() - used_);
    std::memcpy(text_.data() + used_, text.data(), n);
    used_ += n;
    return *this;
  }
  void write() const { [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text_.data(), used_); }

 private:
  std::array<char, 2048> text_;
  std::size_t used_ = 0;
};

// Returns the address at which the thread was; nullptr on machines for which this is not implemented.
const void* instruction(const void* context) {
  [[maybe_unused]] const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<const void*>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<const void*>(machine.pc);
#else
  return nullptr;
#endif
}

void on_crash(int number, siginfo_t*, void* context) {
  const work& now = at_work::now();
  const char *of_plugin = now.entry ? library_at(now.entry) : nullptr, *here = library_at(instruction(context));
  line said;
  said << "\nnoneq: ";
  if (*now.node != '\0') said << now.node << ": ";
  said << words(number);
  if (now.loading) said << " while " << now.loading << " was loaded";
  if (now.entry) said << " while the plugin " << now.entry->role << "." << now.entry->name << " was at work";
  if (of_plugin) said << ", " << of_plugin;
  if (here && here != of_plugin) said << "; it happened in " << here;
  said << "\n";
  said.write();
  const auto at = static_cast<std::size_t>(std::find(crashes.begin(), crashes.end(), number) - crashes.begin());
  sigaction(number, &former[at], nullptr);
  raise(number);  // held back until this handler has returned
}

}

void name_crashes() {
  struct sigaction action {};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (std::size_t i = 0; i < crashes.size(); ++i) sigaction(crashes[i], &action, &former[i]);
}

std::string signal_name(int number) {
  const std::string_view known = words(number);
  return known.empty() ? "signal " + std::to_string(number) : std::string(known);
}

void know_library(mapped_library& l) {
  l.before = newest.load();
  newest.store(&l);
}

const char* library_at(const void* address) {
  const auto* at = static_cast<const char*>(address);
  for (const mapped_library* l = newest.load(); l; l = l->before)
    if (at >= l->begin && at < l->end) return l->file;
  return nullptr;
}

}
