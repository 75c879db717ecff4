// Each call that a vDSO may offer, kTimes times: through the vDSO's function where it exports one; where there is no
// vDSO, the classic ones by system call. Which route each takes is the kernel's decision.
#include "target.h"

enum { kTimes = 3 };
typedef int Call(long, void *, void *);

static const struct {
  const char *symbol;
  long number;
  enum { kClock, kResolution, kDay, kSeconds, kProcessor } kind;
} kCalls[] = {
    {"__vdso_clock_gettime", SYS_clock_gettime, kClock},
    {"__vdso_clock_getres", SYS_clock_getres, kResolution},
    {"__vdso_gettimeofday", SYS_gettimeofday, kDay},
    {"__vdso_time", SYS_time, kSeconds},
    {"__vdso_getcpu", SYS_getcpu, kProcessor},
    {"__vdso_clock_gettime64", -1, kClock},
    {"__vdso_clock_getres_time64", -1, kResolution},
};

static void *function;
static long number;

static void call(long first, void *second) {
  for (int i = 0; i < kTimes; ++i) {
    if (function != NULL) {
      ((Call *)function)(first, second, NULL);
    } else if (number >= 0) {
      syscall(number, first, second, NULL);
    }
  }
}

int main(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME,        CLOCK_MONOTONIC,        CLOCK_MONOTONIC_RAW,
                                     CLOCK_BOOTTIME,        CLOCK_TAI,              CLOCK_REALTIME_COARSE,
                                     CLOCK_MONOTONIC_COARSE, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                                     CLOCK_REALTIME_ALARM};
  static const clockid_t resolutions[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE,
                                          CLOCK_PROCESS_CPUTIME_ID};
  const int has_vdso = getauxval(AT_SYSINFO_EHDR) != 0;
  long long room[4];
  unsigned processor;
  for (unsigned i = 0; i < sizeof kCalls / sizeof *kCalls; ++i) {
    function = vdso(kCalls[i].symbol);
    number = has_vdso ? -1 : kCalls[i].number;
    switch (kCalls[i].kind) {
      case kClock:
        for (unsigned c = 0; c < sizeof clocks / sizeof *clocks; ++c) call(clocks[c], room);
        break;
      case kResolution:
        for (unsigned c = 0; c < sizeof resolutions / sizeof *resolutions; ++c) call(resolutions[c], room);
        break;
      case kDay: call((long)room, NULL); break;
      case kSeconds: call((long)room, NULL); break;
      case kProcessor: call((long)&processor, NULL); break;
    }
  }
  return 0;
}
