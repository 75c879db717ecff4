// same_pointer COUNT: two threads that have one thread pointer, as clone(2) without CLONE_SETTLS makes them, make COUNT vDSO calls
// each at the same time, by no C library: what is kept by thread pointer must not count on its being one thread's.
#include <linux/futex.h>
#include <sched.h>

#include "target.h"

static ClockGettime *gettime;
static long count;
static volatile int begun;

static void make_calls(void) {
  struct timespec now;
  begun++;
  while (begun < 2) {
  }
  for (long i = 0; i < count; ++i) gettime(CLOCK_MONOTONIC, &now);
}

static int other(void *unused) {
  (void)unused;
  make_calls();
  return 0;
}

int main(int argc, char **argv) {
  static char stack[64 * 1024] __attribute__((aligned(16)));
  static volatile int alive = 1;
  count = argc > 1 ? atol(argv[1]) : 100000;
  gettime = vdso("__vdso_clock_gettime");
  CHECK(gettime != 0);
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
  CHECK(clone(other, stack + sizeof stack, flags, 0, 0, 0, &alive) > 0);
  make_calls();
  while (alive) syscall(SYS_futex, &alive, FUTEX_WAIT, 1, 0, 0, 0);
  made("clock_gettime", "vdso", 2 * count);
  return 0;
}
