// one_pointer COUNT: four threads that have one thread pointer, as clone(2) without CLONE_SETTLS makes them, make COUNT vDSO calls
// each at the same time, each of a clock of its own, and say who asked for which: "asked CLOCK TID". No C library among them.
#include <linux/futex.h>
#include <sched.h>

#include "ready.h"

enum { kThreads = 4, kStack = 64 * 1024 };
static const clockid_t kClocks[kThreads] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};

static ClockGettime *gettime;
static long count;
static volatile int begun, alive[kThreads];
static long tids[kThreads];

static long own_tid(void) {
  long tid;
  __asm__ volatile("syscall" : "=a"(tid) : "0"(SYS_gettid) : "rcx", "r11", "memory");
  return tid;
}

static int make_calls(void *index) {
  const long i = (long)index;
  struct timespec now;
  tids[i] = own_tid();
  __atomic_add_fetch(&begun, 1, __ATOMIC_SEQ_CST);
  while (begun < kThreads) {
  }
  for (long call = 0; call < count; ++call) gettime(kClocks[i], &now);
  return 0;
}

int main(int argc, char **argv) {
  static char stacks[kThreads][kStack] __attribute__((aligned(16)));
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
  count = argc > 1 ? atol(argv[1]) : 2000;
  gettime = vdso("__vdso_clock_gettime");
  CHECK(gettime != NULL);
  wait_if_asked();
  for (long i = 1; i < kThreads; ++i) {
    alive[i] = 1;
    CHECK(clone(make_calls, stacks[i] + kStack, flags, (void *)i, NULL, NULL, &alive[i]) > 0);
  }
  make_calls((void *)0);
  for (long i = 1; i < kThreads; ++i) {
    while (alive[i]) syscall(SYS_futex, &alive[i], FUTEX_WAIT, 1, NULL, NULL, 0);
  }
  for (long i = 0; i < kThreads; ++i) dprintf(1, "asked %d %ld\n", kClocks[i], tids[i]);
  made("clock_gettime", "vdso", kThreads * count);
  return 0;
}
