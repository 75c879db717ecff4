// calls KIND COUNT: makes COUNT calls of one kind and says how many nanoseconds all of them
// took together. Reads the clock by raw system calls, twice, so that measuring vDSO calls
// makes none.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long now_ns(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

static struct timespec out;
static struct timeval day;

static void monotonic(void) { clock_gettime(CLOCK_MONOTONIC, &out); }
static void coarse(void) { clock_gettime(CLOCK_MONOTONIC_COARSE, &out); }
static void time_of_day(void) { gettimeofday(&day, NULL); }
static void cpu_time(void) { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &out); }
static void parent(void) { syscall(SYS_getppid); }
static void clock_by_system_call(void) { syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &out); }

static const struct {
  const char *name;
  void (*make)(void);
} kKinds[] = {{"monotonic", monotonic}, {"coarse", coarse}, {"gettimeofday", time_of_day},
              {"cpu_time", cpu_time},   {"getppid", parent}, {"clock_syscall", clock_by_system_call}};

int main(int argc, char **argv) {
  long count = argc > 2 ? atol(argv[2]) : 0;
  for (unsigned i = 0; count > 0 && i < sizeof kKinds / sizeof *kKinds; ++i) {
    if (strcmp(argv[1], kKinds[i].name) != 0) continue;
    kKinds[i].make();
    long start = now_ns();
    for (long n = 0; n < count; ++n) kKinds[i].make();
    printf("%ld\n", now_ns() - start);
    return 0;
  }
  fprintf(stderr, "usage: calls KIND COUNT\n");
  return 1;
}
