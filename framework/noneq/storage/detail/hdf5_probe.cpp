#include "noneq/storage/detail/hdf5_probe.hpp"

#include <cerrno>
#include <csignal>
#include <set>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "noneq/core/error.hpp"
#include "noneq/core/stop.hpp"

namespace noneq::storage {

// Everything by which a file that was changed or replaced differs from before.
static std::string state_of(const std::filesystem::path& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0) return "";
  return fmt::format("{} {} {} {}.{} {}.{}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
                     s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
}

void need_survival(const std::string& where, const std::filesystem::path& file, const std::function<void()>& f) {
  static std::set<std::string> survived;  // guarded by hdf5_lock: a fork takes long where much memory is in use
  const std::string state = state_of(file) + " " + where;
  if (survived.contains(state)) return;
  constexpr unsigned seconds = 60;
  const pid_t child = ::fork();
  if (child < 0) return;
  if (child == 0) {
    // A crash here is a result: no message, no core dump and no clean-up.
    for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM}) std::signal(number, SIG_DFL);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_IGN);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::alarm(seconds);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a child that outlived a killed run would hold the lock of its folder
    try {
      f();
    } catch (...) {  // the parent will meet it, too
    }
    ::_exit(0);
  }
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(child, &status, WNOHANG)) != child; ::usleep(500)) {
    if (ended < 0 && errno != EINTR) return;
    if (!stop_asked()) continue;
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    throw interrupted();
  }
  if (!WIFSIGNALED(status)) survived.insert(state);
  if (WIFSIGNALED(status))
    throw error(fmt::format("{} is so damaged that HDF5 {} on it: copy the file again", where,
                            WTERMSIG(status) == SIGALRM ? "hangs" : "crashes"));
}

}
