// Opens the program proper, which is a library: libtorch takes most of a second to be loaded, and `noneq --help` needs
// nothing of it. Settings that libraries read when they start are made here too.
#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct ready_answer {
  const char *words, *answer;
};

// Made by the program itself when it was built.
constexpr ready_answer ready_answers[] = {
#include "ready_answers.inc"
};

const char* answer_to(int argc, char** argv) {
  std::string words;
  for (int i = 1; i < argc; ++i)
    words += (i > 1 ? " " : "") + std::string(std::strcmp(argv[i], "-h") ? argv[i] : "--help");
  for (const ready_answer& a : ready_answers)
    if (words == a.words) return a.answer;
  return nullptr;
}

// OpenBLAS retries without end for memory that it cannot have, without a message.
bool has_room() {
  constexpr rlim_t need = NONEQ_ADDRESS_SPACE_MB, megabyte = 1 << 20;
  rlimit room{};
  if (getrlimit(RLIMIT_AS, &room) != 0 || room.rlim_cur == RLIM_INFINITY || room.rlim_cur >= need * megabyte)
    return true;
  std::fprintf(stderr, "noneq: got %llu MB of address space (ulimit -v), need at least %llu MB to load the libraries\n",
               static_cast<unsigned long long>(room.rlim_cur / megabyte), static_cast<unsigned long long>(need));
  return false;
}

// The answers to signals with which this program was started. A libtorch that was built with Open MPI brings libraries
// which, as soon as they are loaded, answer crashes with pages of their own and SIGHUP although nohup ignores it.
class answers_to_signals {
 public:
  answers_to_signals() {
    for (int n = 1; n < end; ++n) known_[n] = sigaction(n, nullptr, &answers_[n]) == 0;
  }
  void put_back() const {
    for (int n = 1; n < end; ++n)
      if (known_[n]) sigaction(n, &answers_[n], nullptr);  // fails for those that cannot be answered
  }

 private:
  static constexpr int end = 32;  // those behind belong to threads
  struct sigaction answers_[end] {};
  bool known_[end]{};
};

// libtorch takes a third of its time of loading to take its registrations back one by one, in memory that the system
// frees anyway. Sanitizers report when a program returns.
constexpr bool reports_at_exit =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

int leave(int code) {
  if (reports_at_exit) return code;
  std::fflush(nullptr);
  _exit(code);
}

}

int main(int argc, char** argv) {
  // If an answer cannot be printed, the program runs, which reports it.
  if (const char* answer = answer_to(argc, argv); answer && std::fputs(answer, stdout) >= 0 && std::fflush(stdout) == 0)
    return 0;
  if (!has_room()) return 1;
  // Read by OpenBLAS when it is loaded. Parallelism is the program's own, so a pool of threads there would only wait.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  const answers_to_signals started;
  void* program = dlopen(NONEQ_APP_LIBRARY, RTLD_LAZY | RTLD_GLOBAL);
  started.put_back();
  void* run = program ? dlsym(program, "noneq_run_program") : nullptr;
  if (!run) {
    std::fprintf(stderr, "noneq: the program is not installed as a whole: %s\n", dlerror());
    return 1;
  }
  return leave(reinterpret_cast<int (*)(int, char**)>(run)(argc, argv));
}
