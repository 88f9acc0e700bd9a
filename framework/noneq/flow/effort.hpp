// The progress of a sampler or a metric, as a line for the user. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace noneq::flow {

class effort {
 public:
  explicit effort(std::string node) : node_(std::move(node)) {}

  void called() { ++calls_; }                           // the network, once
  void expect(std::int64_t parts) { parts_ += parts; }  // a metric begins with this many parts
  void finished() { ++finished_; }                      // one of them
  void advanced(double share) { share_ += share; }      // a sampler, by this share of all its work

  // Returns "sampler: 46 %, 90 calls of the network, 0:12 left", or "bound: 12 of 63 parts, …, 0:15 left". Before the
  // first part is finished the time is that since the beginning: "bound: 0 of 63 parts, …, 0:15".
  std::string text() const;

 private:
  const std::string node_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::int64_t> calls_ = 0, parts_ = 0, finished_ = 0;
  std::atomic<double> share_ = 0;
};

}
