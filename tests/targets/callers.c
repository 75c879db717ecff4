// callers [ROUNDS [THREADS]]: makes every kind of call from functions with known names, each so often as it says itself:
//
//   called NAME ROUTE FUNCTION COUNT
//
// in so many rounds (1) in each of so many threads (only the first).
//
// Calls through the vsyscall page are made only where the kernel has one.
#include <pthread.h>
#include <sys/random.h>

#include "target.h"

#ifdef __clang__
#define KEPT __attribute__((noinline, optnone))
#else
#define KEPT __attribute__((noinline, noclone, noipa))
#endif

static volatile int sink;

/// Through the C library, which stands between the vDSO and us.
KEPT static int by_library(void) {
  struct timespec now;
  const int result = clock_gettime(CLOCK_MONOTONIC, &now);
  sink = result;
  return result;
}

/// The C library jumps or calls straight into the vDSO.
KEPT static int by_ifunc(void) {
  struct timeval now;
  const int result = gettimeofday(&now, NULL);
  sink = result;
  return result;
}

KEPT static int by_two_library_frames(void) {
  struct timespec now;
  const int result = timespec_get(&now, TIME_UTC);
  sink = result;
  return result;
}

KEPT static int by_fallback(void) {
  struct timespec now;
  const int result = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  sink = result;
  return result;
}

KEPT static int by_pointer(ClockGettime *gettime) {
  struct timespec now;
  const int result = gettime(CLOCK_BOOTTIME, &now);
  sink = result;
  return result;
}

KEPT static int by_syscall_function(void) {
  struct timespec now;
  const int result = (int)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  sink = result;
  return result;
}

KEPT static int by_instruction(void) {
  struct timespec now;
  long result = SYS_clock_gettime;
#ifdef __x86_64__
  __asm__ volatile("syscall" : "+a"(result) : "D"(CLOCK_MONOTONIC), "S"(&now) : "rcx", "r11", "memory");
#else
  result = syscall(result, CLOCK_MONOTONIC, &now);
#endif
  sink = (int)result;
  return (int)result;
}

KEPT static long by_page(void) {
  time_t (*const page_time)(time_t *) = (void *)0xffffffffff600400;
  const long result = page_time(NULL);
  sink = (int)result;
  return result;
}

static int page_exists(void) {
  char line[256];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  CHECK(maps != NULL);
  while (fgets(line, sizeof line, maps)) found |= strstr(line, "[vsyscall]") != NULL;
  fclose(maps);
  return found;
}

static int rounds = 1;
static int threads = 1;
static int page;
static ClockGettime *gettime;

static void called(const char *name, const char *route, const char *function, int count) {
  printf("called %s %s %s %d\n", name, route, function, count * rounds * threads);
}

static void one_round(void) {
  for (int i = 0; i < 2; ++i) CHECK(by_library() == 0);
  for (int i = 0; i < 3; ++i) CHECK(by_ifunc() == 0);
  for (int i = 0; i < 4; ++i) CHECK(by_two_library_frames() == TIME_UTC);
  for (int i = 0; i < 5; ++i) CHECK(by_fallback() == 0);
  for (int i = 0; i < 6; ++i) CHECK(by_pointer(gettime) == 0);
  for (int i = 0; i < 7; ++i) CHECK(by_syscall_function() == 0);
  for (int i = 0; i < 8; ++i) CHECK(by_instruction() == 0);
  for (int i = 0; page && i < 9; ++i) CHECK(by_page() > 0);
}

static void *all_rounds(void *unused) {
  for (int i = 0; i < rounds; ++i) one_round();
  return unused;
}

int main(int argc, char **argv) {
  enum { MOST_THREADS = 16 };
  pthread_t others[MOST_THREADS];
  if (argc > 1) rounds = atoi(argv[1]);
  if (argc > 2) threads = atoi(argv[2]);
  CHECK(threads > 0 && threads <= MOST_THREADS);
  gettime = vdso("__vdso_clock_gettime");
  page = page_exists();
  CHECK(gettime != NULL);
  for (int i = 1; i < threads; ++i) CHECK(pthread_create(&others[i], NULL, all_rounds, NULL) == 0);
  all_rounds(NULL);
  for (int i = 1; i < threads; ++i) CHECK(pthread_join(others[i], NULL) == 0);
  called("clock_gettime", "vdso", "by_library", 2);
  called("gettimeofday", "vdso", "by_ifunc", 3);
  called("clock_gettime", "vdso", "by_two_library_frames", 4);
  called("clock_gettime", "fallback", "by_fallback", 5);
  called("clock_gettime", "vdso", "by_pointer", 6);
  called("clock_gettime", "syscall", "by_syscall_function", 7);
  called("clock_gettime", "syscall", "by_instruction", 8);
  if (page) called("time", "vsyscall", "by_page", 9);
  return 0;
}
