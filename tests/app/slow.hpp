// A run whose steps are slow enough to be hit in the middle.
#pragma once

#include "noneq/storage/checkpoint.hpp"
#include "tiny.hpp"

namespace testing {

inline const std::string slow = tiny_with("hidden: [8]", "hidden: [96, 96]");
inline const std::vector<std::string> slow_run{"run",
                                               "p.yaml",
                                               "--threads",
                                               "2",
                                               "--quiet",
                                               "--set",
                                               "graph.loader.batch=4096",
                                               "--set",
                                               "graph.trainer.checkpoint=5",
                                               "--set",
                                               "graph.trainer.steps=60"};

inline std::vector<std::string> slow_into(const std::string& folder, const std::string& more = "") {
  std::vector<std::string> arguments = slow_run;
  arguments.insert(arguments.end(), {"--out", folder});
  if (!more.empty()) arguments.push_back(more);
  return arguments;
}

inline void same_checkpoint(const std::filesystem::path& a, const std::filesystem::path& b) {
  noneq::storage::checkpoint x = noneq::storage::load_checkpoint(a / "checkpoint"),
                             y = noneq::storage::load_checkpoint(b / "checkpoint");
  for (auto* c : {&x, &y}) c->meta.erase("begun_in");  // the folder of the test
  CHECK(x.meta == y.meta);
  REQUIRE(x.tensors.size() == y.tensors.size());
  for (const auto& [name, tensor] : x.tensors) {
    CAPTURE(name);
    REQUIRE(y.tensors.count(name) == 1);
    CHECK(at::equal(tensor, y.tensors.at(name)));
  }
}

}
