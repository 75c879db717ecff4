// Calls each function of the vDSO by each route that there is to the same answer: through the
// C library (which asks the vDSO), by a raw system call, and for a clock that the vDSO can't serve.
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  struct timespec clock;
  struct timeval day;
  unsigned cpu, node;
  char dice[8];

  // In user space: no system call is made.
  clock_gettime(CLOCK_MONOTONIC, &clock);
  clock_gettime(CLOCK_REALTIME_COARSE, &clock);
  clock_getres(CLOCK_MONOTONIC, &clock);
  gettimeofday(&day, NULL);
  time(NULL);

  // The same questions, put to the kernel.
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &clock);
  syscall(SYS_clock_getres, CLOCK_MONOTONIC, &clock);
  syscall(SYS_gettimeofday, &day, NULL);
  syscall(SYS_time, NULL);
  syscall(SYS_getcpu, &cpu, &node, NULL);

  // The vDSO is asked, and asks the kernel itself.
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &clock);
  clock_getres(CLOCK_PROCESS_CPUTIME_ID, &clock);

  // Up to the C library: newer ones use the vDSO here, or memory shared with the kernel.
  if (getrandom(dice, sizeof dice, 0) != sizeof dice) return 1;
  return sched_getcpu() < 0;
}
