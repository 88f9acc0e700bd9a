// noneq.h on top of noneq/runs.hpp.
#include <algorithm>
#include <cstring>
#include <string>

#include "noneq.h"
#include "noneq/runs.hpp"

struct noneq_run {
  noneq::runs::trained_run of;
};
struct noneq_task {
  noneq::runs::task of;
};

namespace {

using noneq::runs::failure;

failure wrong(const std::string& what) { return {failure::cause::bad_input, what}; }

template <class T>
T& there(T* pointer, const char* name) {
  if (pointer == nullptr) throw wrong(std::string(name) + ": got a null pointer");
  return *pointer;
}

int write(noneq_error* error, int code, const char* message) noexcept {
  if (error == nullptr) return code;
  error->code = code;
  std::size_t size = std::min(std::strlen(message), sizeof error->message - 1);
  while (size > 0 && (static_cast<unsigned char>(message[size]) & 0xC0) == 0x80) --size;  // no half of a character
  std::memcpy(error->message, message, size);
  error->message[size] = '\0';
  return code;
}

// Calls f, and returns the code of its exception.
template <class F>
int guarded(noneq_error* error, F&& f) noexcept {
  try {
    f();
    return write(error, NONEQ_DONE, "");
  } catch (const failure& e) {
    return write(error, static_cast<int>(e.why), e.what());
  } catch (const std::exception& e) {
    return write(error, NONEQ_FAILED, e.what());
  } catch (...) {
    return write(error, NONEQ_FAILED, "an exception of an unknown type");
  }
}

noneq::runs::shape shape_of(const noneq_shape& s, const std::string& name) {
  if (s.rank < 0 || s.rank > NONEQ_MOST_DIMENSIONS)
    throw wrong(name + ": got " + std::to_string(s.rank) + " dimensions, need at most " +
                std::to_string(NONEQ_MOST_DIMENSIONS));
  return {s.length, s.length + s.rank};
}

noneq_shape shape_of(const noneq::runs::shape& s) {
  noneq_shape made{};
  if (s.size() > NONEQ_MOST_DIMENSIONS) throw wrong("got data of too many dimensions for this interface");
  made.rank = static_cast<std::int64_t>(s.size());
  std::copy(s.begin(), s.end(), made.length);
  return made;
}

noneq::runs::rows rows_of(const noneq_rows& r, const std::string& name) {
  if (r.type != NONEQ_FLOAT32 && r.type != NONEQ_FLOAT64 && r.type != NONEQ_INT64)
    throw wrong(name + ": got the type " + std::to_string(r.type) +
                " of numbers, need NONEQ_FLOAT32, NONEQ_FLOAT64 or NONEQ_INT64");
  noneq::runs::rows made(static_cast<const float*>(nullptr), shape_of(r.shape, name));
  made.numbers = r.numbers;
  made.type = static_cast<noneq::runs::number>(r.type);
  return made;
}

noneq::runs::request request_of(const noneq_request& r) {
  noneq::runs::request made;
  if (r.given_count < 0) throw wrong("given_count: got " + std::to_string(r.given_count) + ", need at least 0");
  for (std::int64_t k = 0; k < r.given_count; ++k) {
    const noneq_rows& one = (&there(r.given, "given"))[k];
    const std::string name = &there(one.name, "given.name");
    if (!made.given.emplace(name, rows_of(one, name)).second) throw wrong(name + ": is given twice");
  }
  made.count = r.count;
  made.first = r.first;
  if (r.keep_going != nullptr) made.keep_going = [&r] { return r.keep_going(r.user) != 0; };
  return made;
}

}

int noneq_interface(void) { return NONEQ_INTERFACE; }

const char* noneq_version(void) { return NONEQ_VERSION; }

int noneq_open(int interface, const char* folder, int threads, noneq_run** run, noneq_error* error) {
  return guarded(error, [&] {
    there(run, "run") = nullptr;
    if (interface != NONEQ_INTERFACE)
      throw wrong("the program was built with version " + std::to_string(interface) + " of noneq.h, the library with " +
                  std::to_string(NONEQ_INTERFACE) + "; build the program again");
    *run = new noneq_run{noneq::runs::trained_run(&there(folder, "folder"), threads)};
  });
}

void noneq_close(noneq_run* run) { delete run; }

int noneq_describe(const noneq_run* run, noneq_description* description, noneq_error* error) {
  return guarded(error, [&] {
    const noneq::runs::trained_run& r = there(run, "run").of;
    there(description, "description") = {shape_of(r.sample()), r.classes(), r.first_class(), r.steps(),
                                         r.trained_steps()};
  });
}

int noneq_prepare(const noneq_run* run, const char* task, const char* settings, noneq_task** prepared,
                  noneq_error* error) {
  return guarded(error, [&] {
    there(prepared, "prepared") = nullptr;
    *prepared = new noneq_task{there(run, "run").of.prepare(&there(task, "task"), settings ? settings : "")};
  });
}

void noneq_release(noneq_task* task) { delete task; }

int noneq_needed(const noneq_task* task, int64_t* tensors, noneq_error* error) {
  return guarded(error,
                 [&] { there(tensors, "tensors") = static_cast<std::int64_t>(there(task, "task").of.needs().size()); });
}

int noneq_need(const noneq_task* task, int64_t k, const char** name, noneq_shape* row, noneq_error* error) {
  return guarded(error, [&] {
    const auto& all = there(task, "task").of.needs();
    if (k < 0 || k >= static_cast<std::int64_t>(all.size()))
      throw wrong("k: got " + std::to_string(k) + ", need less than " + std::to_string(all.size()));
    const auto one = std::next(all.begin(), k);
    there(name, "name") = one->first.c_str();
    there(row, "row") = shape_of(one->second);
  });
}

int noneq_result(const noneq_task* task, int64_t rows, noneq_shape* shape, noneq_error* error) {
  return guarded(error, [&] { there(shape, "shape") = shape_of(there(task, "task").of.result(rows)); });
}

int noneq_compute(const noneq_task* task, const noneq_request* request, int64_t type, void* result, int64_t numbers,
                  noneq_error* error) {
  return guarded(error, [&] {
    const noneq::runs::task& t = there(task, "task").of;
    const noneq::runs::request r = request_of(there(request, "request"));
    const auto n = static_cast<std::size_t>(std::max<std::int64_t>(0, numbers));
    if (type == NONEQ_FLOAT32)
      t.compute(r, static_cast<float*>(result), n);
    else if (type == NONEQ_FLOAT64)
      t.compute(r, static_cast<double*>(result), n);
    else
      throw wrong("type: got " + std::to_string(type) + ", need NONEQ_FLOAT32 or NONEQ_FLOAT64");
  });
}
