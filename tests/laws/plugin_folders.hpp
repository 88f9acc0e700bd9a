// NONEQ_PLUGIN_PATH while an object lives.
#pragma once

#include <cstdlib>
#include <string>

namespace testing {

// The plugins that break laws are found first.
class lawless_plugins {
 public:
  lawless_plugins() {
    ::setenv("NONEQ_PLUGIN_PATH", (std::string(std::getenv("NONEQ_BUILD")) + "/tests/lawless").c_str(), 1);
  }
  lawless_plugins(lawless_plugins&&) = delete;
  ~lawless_plugins() { ::unsetenv("NONEQ_PLUGIN_PATH"); }
};

}
