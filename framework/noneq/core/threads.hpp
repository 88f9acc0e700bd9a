// The thread budget. Inside a task libtorch must run on one thread: two tasks with two OpenMP threads each run five to
// fifty times slower than either alone.
#pragma once

namespace noneq {

// Before the first tensor operation of the process: no thread pools inside libraries.
void limit_library_threads();

// Whether matrix products may run in several threads at once. OpenBLAS built without threads has no locks: called by
// two threads it sometimes gives wrong products.
bool blas_is_thread_safe();

// In each worker thread before its first tensor operation: libtorch single-threaded, denormals flushed to zero.
void prepare_worker_thread();

}
