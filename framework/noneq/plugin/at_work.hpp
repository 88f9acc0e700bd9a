// The plugin that a thread is working in, so that messages about a failure, even a crash (see crashes.hpp), can name
// it. Scopes nest; every thread has its own.
#pragma once

#include <filesystem>
#include <string>

namespace noneq {

struct plugin_entry;

struct work {
  const plugin_entry* entry = nullptr;  // null where no plugin works, and while a library is loaded
  const char* node = "";                // the node or parameter it stands at; "" for none
  const char* loading = nullptr;        // the library that is loaded or described
};

class at_work {
 public:
  // The plugin, and the text of the node, must outlive the scope.
  at_work(const plugin_entry& plugin, const std::string& node);
  explicit at_work(const std::filesystem::path& loading);
  at_work(const at_work&) = delete;
  ~at_work();

  // Returns the work of this thread. Safe in a signal handler.
  static const work& now();

 private:
  const work before_;
};

}
