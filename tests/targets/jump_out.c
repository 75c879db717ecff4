// A timer's handler jumps out of whatever it interrupted, often a vDSO call.
#include <setjmp.h>
#include <signal.h>

#include "target.h"

enum { kJumps = 200 };
static sigjmp_buf back;
static volatile long jumps, returned;

static void on_alarm(int signal) {
  (void)signal;
  ++jumps;
  siglongjmp(back, 1);
}

int main(void) {
  ClockGettime *gettime = vdso("__vdso_clock_gettime");
  CHECK(gettime != NULL);
  struct sigaction action = {.sa_handler = on_alarm};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  struct timespec now;
  if (sigsetjmp(back, 1) == 0 || jumps < kJumps) {
    struct itimerval soon = {{0, 0}, {0, 300 + jumps % 97}};
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    for (;;) {
      gettime(CLOCK_MONOTONIC, &now);
      ++returned;
    }
  }
  ask_the_time(20);
  made("clock_gettime", "vdso", returned + 20);
  left("clock_gettime", kJumps);
  return 0;
}
