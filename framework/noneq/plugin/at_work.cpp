#include "noneq/plugin/at_work.hpp"

#include <csignal>
#include <cstddef>
#include <memory>

namespace noneq {
namespace {

// Read by a signal handler, so it must lie where reading it allocates nothing.
[[gnu::tls_model("initial-exec")]] thread_local work current;

// After a stack overflow there is no room on the stack for the handler that names the plugin.
class stack_for_signals {
 public:
  stack_for_signals() {
    sigaltstack(nullptr, &before_);
    if ((before_.ss_flags & SS_DISABLE) == 0) return;
    memory_ = std::make_unique<std::byte[]>(size);
    const stack_t own{memory_.get(), 0, size};
    sigaltstack(&own, nullptr);
  }
  ~stack_for_signals() {
    if (!memory_) return;
    stack_t now{};
    sigaltstack(nullptr, &now);
    if (now.ss_sp == memory_.get()) sigaltstack(&before_, nullptr);
  }
  stack_for_signals(const stack_for_signals&) = delete;

 private:
  static constexpr std::size_t size = 1 << 16;
  stack_t before_{};
  std::unique_ptr<std::byte[]> memory_;
};

void enter(const work& w) {
  thread_local const stack_for_signals of_this_thread;
  current = w;
}

}

at_work::at_work(const plugin_entry& plugin, const std::string& node) : before_(current) {
  enter({&plugin, node.c_str(), nullptr});
}

at_work::at_work(const std::filesystem::path& loading) : before_(current) { enter({nullptr, "", loading.c_str()}); }

at_work::~at_work() { current = before_; }

const work& at_work::now() { return current; }

}
