#include "noneq/runs/detail/plugins.hpp"

#include <mutex>

#include <ATen/CPUGeneratorImpl.h>

#include "noneq/core/threads.hpp"
#include "noneq/runs/detail/caller_nodes.hpp"
#include "noneq/runs/detail/computing.hpp"

namespace noneq::runs {
namespace {

struct known_plugins {
  std::mutex lock;
  registry all{plugin_folders()};
};

known_plugins& of_process() {
  static known_plugins* const known = [] {
    auto* made = new known_plugins;  // never destroyed, as the libraries are not
    add_caller_nodes(made->all);
    apart(limit_library_threads);
    return made;
  }();
  return *known;
}

class generator_as_before {
 public:
  generator_as_before() : generator_(at::detail::getDefaultCPUGenerator()), before_(generator_.get_state()) {}
  generator_as_before(const generator_as_before&) = delete;
  ~generator_as_before() { generator_.set_state(before_); }

 private:
  at::Generator generator_;
  Tensor before_;
};

}

void with_plugins(const std::function<void(registry&)>& f) {
  known_plugins& plugins = of_process();
  const std::lock_guard alone(plugins.lock);
  if (plugins.all.roles().empty())
    throw error("no plugins in " + plugins.all.folders().back().string() +
                "; install noneq whole, or set NONEQ_PLUGIN_PATH");
  apart([&] {
    const generator_as_before kept;
    f(plugins.all);
  });
}

}
