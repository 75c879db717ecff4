// What only 32-bit x86 programs do: the vDSO functions for 64-bit seconds, and system calls
// by `int 0x80` and through the vDSO's gate (AT_SYSINFO).
#include <stdint.h>

#include "target.h"

struct seconds64 {
  int64_t tv_sec;
  int64_t tv_nsec;
};
typedef int ClockGettime64(clockid_t, struct seconds64 *);

static int by_interrupt(int number, int first, void *second) {
  int result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second) : "memory");
  return result;
}

static int by_gate(int number, int first, void *second) {
  int result;
  __asm__ volatile("call *%[gate]"
                   : "=a"(result)
                   : "a"(number), "b"(first), "c"(second), [gate] "S"(getauxval(AT_SYSINFO))
                   : "memory", "cc");
  return result;
}

static void each_route(const char *name, ClockGettime64 *function, int number) {
  struct seconds64 out = {-1, -1};
  CHECK(function(CLOCK_MONOTONIC, &out) == 0 && out.tv_sec >= 0);
  CHECK(function(CLOCK_REALTIME, &out) == 0);
  made(name, "vdso", 2);
  CHECK(function(CLOCK_PROCESS_CPUTIME_ID, &out) == 0 && out.tv_sec == 0);
  CHECK(function(1000, &out) == -EINVAL);
  made(name, "fallback", 2);
  CHECK(by_interrupt(number, CLOCK_MONOTONIC, &out) == 0);
  CHECK(by_interrupt(number, 1000, &out) == -EINVAL);
  CHECK(by_gate(number, CLOCK_MONOTONIC, &out) == 0);
  CHECK(by_gate(number, CLOCK_MONOTONIC, (void *)1) == -EFAULT);
  made(name, "syscall", 4);
}

int main(void) {
  ClockGettime64 *gettime = vdso("__vdso_clock_gettime64");
  ClockGettime64 *getres = vdso("__vdso_clock_getres_time64");
  CHECK(gettime != NULL && getauxval(AT_SYSINFO) != 0);
  each_route("clock_gettime64", gettime, SYS_clock_gettime64);
  if (getres != NULL) each_route("clock_getres_time64", getres, SYS_clock_getres_time64);
  CHECK(by_interrupt(SYS_getpid, 0, NULL) == getpid() && by_gate(SYS_getpid, 0, NULL) == getpid());
  return 0;
}
