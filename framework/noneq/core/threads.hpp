// The thread budget. Inside a task libtorch must run on one thread: two tasks with two OpenMP threads each run five to
// fifty times slower than either alone.
#pragma once

namespace noneq {

// Returns the number of threads, the caller among them, that can run at once: `most` or fewer. The limits of a user or
// a container show only when a thread is made.
int startable_threads(int most);

// Called before the first tensor operation of the process: libraries get no thread pools. Throws noneq::error when the
// process may not start as many threads as libtorch insists on, one a CPU: it would wait without end for those.
void limit_library_threads();

// Returns whether matrix products may run in several threads at once. OpenBLAS built without threads has no locks:
// called by two threads it sometimes gives wrong products.
bool blas_is_thread_safe();

// Called in each worker thread before its first tensor operation: libtorch single-threaded, denormals flushed to zero.
void prepare_worker_thread();

}
