// Preloaded, lets the time of day run backwards, an hour for each second, as where a clock is set back again and again.
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  using call = int(clockid_t, timespec*);
  static auto* real = reinterpret_cast<call*>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int failed = real(clock, now);
  if (failed != 0 || clock != CLOCK_REALTIME) return failed;
  static const time_t began = now->tv_sec;
  now->tv_sec = began - 3600 * (now->tv_sec - began);
  return 0;
}
extern "C" time_t time(time_t* to) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (to != nullptr) *to = now.tv_sec;
  return now.tv_sec;
}
extern "C" int gettimeofday(timeval* to, void*) noexcept {
  timespec now;
  const int failed = clock_gettime(CLOCK_REALTIME, &now);
  *to = {now.tv_sec, now.tv_nsec / 1000};
  return failed;
}
