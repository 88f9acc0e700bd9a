#include "noneq/core/threads.hpp"

#include <cstdlib>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace noneq {

void limit_library_threads() {
  setenv("OPENBLAS_NUM_THREADS", "1", 0);
  setenv("OMP_NUM_THREADS", "1", 0);
}

void prepare_worker_thread() {
  thread_local const bool once = [] {
    at::set_num_threads(1);
    at::globalContext().setFlushDenormal(true);
    return true;
  }();
  (void)once;
}

}
