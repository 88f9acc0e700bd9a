#include "noneq/flow/pieces.hpp"

#include <algorithm>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <ATen/core/grad_mode.h>

#include "noneq/core/threads.hpp"

namespace noneq::flow {

void each_piece(std::int64_t count, const std::function<void(std::int64_t)>& f) {
  constexpr std::int64_t few = 4;  // done before another thread has woken up
  if (count < few) {
    for (std::int64_t i = 0; i < count; ++i) f(i);
    return;
  }
  const bool gradients = at::GradMode::is_enabled();
  // A thread that waits here must not begin other work of the graph, which may take long.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(std::int64_t{0}, count, [&](std::int64_t i) {
      prepare_worker_thread();
      at::AutoGradMode as_the_caller(gradients);
      f(i);
    });
  });
}

void in_pieces(std::int64_t numbers, const std::function<void(std::int64_t, std::int64_t)>& f) {
  each_piece((numbers + piece_numbers - 1) / piece_numbers, [&](std::int64_t i) {
    const std::int64_t first = i * piece_numbers;
    f(first, std::min(piece_numbers, numbers - first));
  });
}

}
