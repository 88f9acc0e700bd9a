// The threads of one call. They begin and end with it, so that those of the calling program keep their settings, and no
// signal handler of the program runs on them. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>

#include "noneq/flow/observers.hpp"

namespace noneq::runs {

// Returns the number of threads for 0, or `threads`.
int threads_of(int threads);

// Calls f on a thread of its own, which is prepared for tensors, and rethrows its exception. What f changes of the
// settings of its thread ends with it.
void apart(const std::function<void()>& f);

// Calls part(first, count) for `rows` in parts of `chunk`, on up to `threads` threads at once. keep_going(), which may
// be empty, is called before each call of the network, one call at a time. After an exception, or when it returns
// false, all threads end at their next call of the network. Rethrows the first exception, noneq::interrupted after a
// false.
void in_parts(int threads, std::int64_t rows, std::int64_t chunk, const std::function<bool()>& keep_going,
              const std::function<void(std::int64_t first, std::int64_t count)>& part);

// The observer of calls of the network, by which in_parts() knows of those on its threads.
class calls_of_network : public flow::observer {
 public:
  void network_called(const flow::plan_node&) override;
};

}
