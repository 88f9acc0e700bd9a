#include "noneq/core/threads.hpp"

#include <dlfcn.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace noneq {

void limit_library_threads() {
  at::set_num_threads(1);
  // OpenBLAS reads its environment variable when it is loaded, before main(); only this call still reaches it.
  if (void* f = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) reinterpret_cast<void (*)(int)>(f)(1);
}

bool blas_is_thread_safe() {
  void* f = dlsym(RTLD_DEFAULT, "openblas_get_parallel");
  return f == nullptr || reinterpret_cast<int (*)()>(f)() != 0;
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
