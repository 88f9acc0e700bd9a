#include "noneq/flow/job_ranks.hpp"

#include <dlfcn.h>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "noneq/core/any_exception.hpp"
#include "noneq/core/error.hpp"
#include "noneq/core/messages.hpp"
#include "noneq/core/stop.hpp"
#include "noneq/flow/job_part.hpp"

namespace noneq::flow {
namespace {

constexpr auto patience = std::chrono::seconds(10);  // the first may run on a slower machine

job_part process_here() {
  try {
    return process_of_environment([](const char* name) { return std::getenv(name); }).value_or(job_part{});
  } catch (const error& e) {
    throw input_error({e});
  }
}

}

std::unique_ptr<ranks> join_job() {
  const job_part here = process_here();
  if (here.whole()) return nullptr;
  void* library = ::dlopen("libnoneq_mpi.so", RTLD_NOW | RTLD_GLOBAL);
  void* join = library ? ::dlsym(library, "noneq_join_ranks") : nullptr;
  if (join == nullptr)
    throw input_error(
        {error(fmt::format("{} states {} processes, but MPI cannot be loaded: {}; install Open MPI "
                           "(Debian: openmpi-bin), or let each work by itself: noneq run --part 1/1, "
                           "noneq sample --alone",
                           here.source, here.of, ::dlerror()))});
  std::unique_ptr<ranks> joined(reinterpret_cast<ranks* (*)()>(join)());
  if (joined->size() != here.of)
    throw input_error({error(fmt::format(
        "{} states {} processes, but Open MPI finds {}; start them by Open MPI's own "
        "mpirun, or by srun --mpi=pmix, or let each work by itself: noneq run --part 1/1, noneq sample --alone",
        here.source, here.of, joined->size()))});
  return joined;
}

bool first_of_job() { return process_here().index == 1; }

void wait_for_first() {
  if (first_of_job()) return;
  std::signal(SIGTERM, SIG_DFL);  // mpirun ends this process by it when the first has ended
  std::this_thread::sleep_for(patience);
}

void end_together(const ranks& r, const std::function<void()>& work) {
  try {
    work();
  } catch (const stopped_together&) {
    throw;
  } catch (const reported_elsewhere&) {
    std::this_thread::sleep_for(patience);  // the first ends this process when it has reported the error
    throw;
  } catch (const interrupted&) {
    if (!r.many()) throw;
    r.end_all(130);  // the others may wait in the midst of a step
  } catch (...) {
    if (!r.many()) throw;
    const std::string text = text_of(std::current_exception());
    if (!r.first()) std::this_thread::sleep_for(patience);
    put_message(
        fmt::format("noneq: {}{}\n", r.first() ? "" : fmt::format("rank {} on {}: ", r.rank(), host_name()), text));
    r.end_all(1);
  }
}

}
