// Each vDSO function by each route, with good and bad arguments.
#include "target.h"

static void clocks(void) {
  ClockGettime *gettime = vdso("__vdso_clock_gettime");
  ClockGettime *getres = vdso("__vdso_clock_getres");
  CHECK(gettime != NULL && getres != NULL);
  struct timespec out;
  static const clockid_t in_user_space[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
                                            CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_REALTIME_COARSE,
                                            CLOCK_MONOTONIC_COARSE};
  for (int i = 0; i < 7; ++i) CHECK(gettime(in_user_space[i], &out) == 0);
  made("clock_gettime", "vdso", 7);
  CHECK(gettime(CLOCK_PROCESS_CPUTIME_ID, &out) == 0);
  CHECK(gettime(CLOCK_THREAD_CPUTIME_ID, &out) == 0);
  CHECK(gettime(1000, &out) == -EINVAL);
  CHECK(gettime(CLOCK_PROCESS_CPUTIME_ID, (void *)1) == -EFAULT);
  made("clock_gettime", "fallback", 4);
  CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &out) == 0);
  CHECK(syscall(SYS_clock_gettime, 1000, &out) == -1 && errno == EINVAL);
  made("clock_gettime", "syscall", 2);

  CHECK(getres(CLOCK_MONOTONIC, &out) == 0);
  CHECK(getres(CLOCK_REALTIME, NULL) == 0);
  made("clock_getres", "vdso", 2);
  CHECK(getres(CLOCK_PROCESS_CPUTIME_ID, &out) == 0);
  made("clock_getres", "fallback", 1);
  CHECK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &out) == 0);
  made("clock_getres", "syscall", 1);
}

static void times(void) {
  Gettimeofday *gettimeofday_ = vdso("__vdso_gettimeofday");
  Time *time_ = vdso("__vdso_time");
  CHECK(gettimeofday_ != NULL && time_ != NULL);
  struct timeval now;
  struct timezone zone;
  CHECK(gettimeofday_(&now, NULL) == 0 && now.tv_sec > 1000000000);
  CHECK(gettimeofday_(&now, &zone) == 0);
  CHECK(gettimeofday_(NULL, &zone) == 0);
  made("gettimeofday", "vdso", 3);
  CHECK(syscall(SYS_gettimeofday, &now, NULL) == 0);
  made("gettimeofday", "syscall", 1);

  time_t seconds = 0;
  CHECK(time_(&seconds) == seconds && seconds > 1000000000);
  CHECK(time_(NULL) >= seconds);
  made("time", "vdso", 2);
  CHECK(syscall(SYS_time, NULL) >= seconds);
  made("time", "syscall", 1);
}

static void processor(void) {
  Getcpu *getcpu_ = vdso("__vdso_getcpu");
  if (getcpu_ == NULL) return;
  unsigned cpu = ~0u, node = ~0u;
  CHECK(getcpu_(&cpu, &node, NULL) == 0 && cpu != ~0u && node != ~0u);
  CHECK(getcpu_(NULL, NULL, NULL) == 0);
  made("getcpu", "vdso", 2);
  CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0);
  made("getcpu", "syscall", 1);
}

int main(void) {
  clocks();
  times();
  processor();
  return 3;
}
