// What the target programs share. A target checks itself, ends within a minute, and says
// on standard output how many calls it made by which route, for the tests to compare:
//
//   made NAME ROUTE COUNT         this process (ROUTE `any`: vdso or fallback)
//   child made NAME ROUTE COUNT   processes that it created; seen with -f only
//   left NAME COUNT               at most so many calls more were entered and never returned
//
// A check that fails ends the program with status 99.
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "vdso_symbol.h"

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      dprintf(2, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno); \
      _exit(99);                                                               \
    }                                                                          \
  } while (0)

typedef int ClockGettime(clockid_t, struct timespec *);
typedef int Gettimeofday(struct timeval *, void *);
typedef time_t Time(time_t *);
typedef int Getcpu(unsigned *, unsigned *, void *);

static inline void *vdso(const char *name) {
  return vdso_symbol((const char *)getauxval(AT_SYSINFO_EHDR), name);
}

/// What the C library calls for clock_gettime: with 32-bit words it takes 64-bit seconds since glibc 2.34.
#ifdef __i386__
#define CLOCK_CALL "clock_gettime64"
#else
#define CLOCK_CALL "clock_gettime"
#endif

static inline void made(const char *name, const char *route, long count) {
  dprintf(1, "made %s %s %ld\n", name, route, count);
}
static inline void child_made(const char *name, const char *route, long count) {
  dprintf(1, "child made %s %s %ld\n", name, route, count);
}
static inline void left(const char *name, long count) { dprintf(1, "left %s %ld\n", name, count); }

/// Makes `count` calls of clock_gettime(CLOCK_MONOTONIC) through the C library and
/// checks that time does not run backwards.
static inline void ask_the_time(long count) {
  struct timespec last = {0, 0}, now;
  for (long i = 0; i < count; ++i) {
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    CHECK(now.tv_sec > last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec >= last.tv_nsec));
    last = now;
  }
}

__attribute__((constructor)) static void end_within_a_minute(void) { alarm(60); }
