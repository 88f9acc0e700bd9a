// Tells ThreadSanitizer what oneTBB orders. The runtime, libtbb, is not instrumented: the sanitizer does not see that a
// task is executed after it was spawned, that a wait returns after what it waited for, or that memory of a pool changes
// hands, and would report every batch that one thread makes and another takes. The functions of this file stand before
// those of libtbb in a program that is linked with them; they mark these orders and call libtbb's. The templates of
// oneTBB's headers, the flow graph among them, are compiled with the program and need no help.
#include <dlfcn.h>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <sanitizer/tsan_interface.h>
#include <tbb/task_arena.h>

extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);  // in no header of the sanitizer
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);

namespace {

using namespace tbb::detail;

template <class Function>
Function* libtbb(Function*, const char* symbol) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
}

// A task that executes another one, after everything that the thread which spawned it had done until then.
class spawned final : public d1::task {
 public:
  explicit spawned(d1::task& of) : of_(of) { __tsan_release(this); }
  d1::task* execute(d1::execution_data& data) override { return finish(&d1::task::execute, data); }
  d1::task* cancel(d1::execution_data& data) override { return finish(&d1::task::cancel, data); }

 private:
  d1::task* finish(d1::task* (d1::task::*call)(d1::execution_data&), d1::execution_data& data) {
    __tsan_acquire(this);
    d1::task* next = (of_.*call)(data);  // where this throws, libtbb calls cancel()
    delete this;
    return next ? new spawned(*next) : nullptr;  // libtbb may spawn it on its own
  }

  d1::task& of_;
};

// Tasks announce that they are finished by an atomic counter, the second word of a wait_context.
struct waiting {
  explicit waiting(d1::wait_context& w) : counter(reinterpret_cast<char*>(&w) + sizeof(std::uint64_t)) {}
  ~waiting() { __tsan_acquire(counter); }
  void* counter;
};
static_assert(sizeof(d1::wait_context) == 2 * sizeof(std::uint64_t));

// A function that libtbb may call on another thread while the caller waits for it.
struct delegated final : d1::delegate_base {
  explicit delegated(d1::delegate_base& f) : of(f) { __tsan_release(this); }
  ~delegated() { __tsan_acquire(this); }
  bool operator()() const override {
    auto* self = const_cast<delegated*>(this);
    struct leaving {
      ~leaving() { __tsan_release(self); }
      delegated* self;
    } release{self};
    __tsan_acquire(self);
    return of();
  }
  d1::delegate_base& of;
};

void* allocated(std::size_t bytes) {
  constexpr std::size_t alignment = 128;  // what cache_aligned_allocate() promises
  if (void* there = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment)) return there;
  throw std::bad_alloc();
}

}

namespace tbb::detail::r1 {

void spawn(d1::task& t, d1::task_group_context& context) {
  static const auto f = libtbb<void(d1::task&, d1::task_group_context&)>(
      nullptr, "_ZN3tbb6detail2r15spawnERNS0_2d14taskERNS2_18task_group_contextE");
  f(*new spawned(t), context);
}

void spawn(d1::task& t, d1::task_group_context& context, d1::slot_id id) {
  static const auto f = libtbb<void(d1::task&, d1::task_group_context&, d1::slot_id)>(
      nullptr, "_ZN3tbb6detail2r15spawnERNS0_2d14taskERNS2_18task_group_contextEt");
  f(*new spawned(t), context, id);
}

void submit(d1::task& t, d1::task_group_context& context, arena* to, std::uintptr_t as_critical) {
  static const auto f = libtbb<void(d1::task&, d1::task_group_context&, arena*, std::uintptr_t)>(
      nullptr, "_ZN3tbb6detail2r16submitERNS0_2d14taskERNS2_18task_group_contextEPNS1_5arenaEm");
  f(*new spawned(t), context, to, as_critical);
}

void execute_and_wait(d1::task& t, d1::task_group_context& of_task, d1::wait_context& w,
                      d1::task_group_context& of_wait) {
  static const auto f = libtbb<void(d1::task&, d1::task_group_context&, d1::wait_context&, d1::task_group_context&)>(
      nullptr, "_ZN3tbb6detail2r116execute_and_waitERNS0_2d14taskERNS2_18task_group_contextERNS2_12wait_contextES6_");
  const waiting for_tasks(w);
  f(t, of_task, w, of_wait);
}

void wait(d1::wait_context& w, d1::task_group_context& context) {
  static const auto f = libtbb<void(d1::wait_context&, d1::task_group_context&)>(
      nullptr, "_ZN3tbb6detail2r14waitERNS0_2d112wait_contextERNS2_18task_group_contextE");
  const waiting for_tasks(w);
  f(w, context);
}

void execute(d1::task_arena_base& arena, d1::delegate_base& d) {
  static const auto f = libtbb<void(d1::task_arena_base&, d1::delegate_base&)>(
      nullptr, "_ZN3tbb6detail2r17executeERNS0_2d115task_arena_baseERNS2_13delegate_baseE");
  delegated there(d);
  f(arena, there);
}

// Memory comes from malloc(), which the sanitizer watches, instead of pools.
void* allocate(d1::small_object_pool*& pool, std::size_t bytes) {
  static char none;
  pool = reinterpret_cast<d1::small_object_pool*>(&none);
  return allocated(bytes);
}
void* allocate(d1::small_object_pool*& pool, std::size_t bytes, const d1::execution_data&) {
  return allocate(pool, bytes);
}
void deallocate(d1::small_object_pool&, void* there, std::size_t) { std::free(there); }
void deallocate(d1::small_object_pool&, void* there, std::size_t, const d1::execution_data&) { std::free(there); }
void* cache_aligned_allocate(std::size_t bytes) { return allocated(bytes); }
// libtbb too takes memory here, and hands it from thread to thread unseen.
void cache_aligned_deallocate(void* there) {
  AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  std::free(there);
  AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
}

}
