// calls KIND COUNT [THREADS]: makes COUNT calls of one kind in each thread and says how many nanoseconds the slowest
// thread took for all of its own. Reads the clock by raw system calls, twice a thread, so that measuring vDSO calls
// makes none.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 64

static long now_ns(void) {
  struct timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

// Threads that shared these would wait for each other's cache lines.
static __thread struct timespec out;
static __thread struct timeval day;
static __thread unsigned processor;
static __thread volatile unsigned long sum;

static void monotonic(void) { clock_gettime(CLOCK_MONOTONIC, &out); }
static void coarse(void) { clock_gettime(CLOCK_MONOTONIC_COARSE, &out); }
static void time_of_day(void) { gettimeofday(&day, NULL); }
static void seconds(void) { time(&out.tv_sec); }
static void on_processor(void) { getcpu(&processor, NULL); }
static void cpu_time(void) { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &out); }
static void parent(void) { syscall(SYS_getppid); }
static void clock_by_system_call(void) { syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &out); }
// Four system calls.
static void small_file(void) {
  char bytes[64];
  struct stat status;
  int fd = open("/proc/self/comm", O_RDONLY);
  if (fd < 0 || fstat(fd, &status) != 0 || read(fd, bytes, sizeof bytes) <= 0 || close(fd) != 0) abort();
}
// About a microsecond of computing: each multiplication waits for the one before.
static void work(void) {
  unsigned long x = sum | 1;
  for (int i = 0; i < 750; ++i) x = x * 6364136223846793005ul + 1;
  sum = x;
}
static void timed_work(void) {
  work();
  monotonic();
}

static const struct {
  const char* name;
  void (*make)(void);
} kKinds[] = {{"monotonic", monotonic},      {"coarse", coarse},
              {"gettimeofday", time_of_day}, {"time", seconds},
              {"getcpu", on_processor},      {"cpu_time", cpu_time},
              {"getppid", parent},           {"clock_syscall", clock_by_system_call},
              {"small_file", small_file},    {"work", work},
              {"timed_work", timed_work}};

static void (*make_call)(void);
static long count;
static pthread_barrier_t together;

static void* run(void* took) {
  make_call();
  pthread_barrier_wait(&together);
  long start = now_ns();
  for (long n = 0; n < count; ++n) make_call();
  *(long*)took = now_ns() - start;
  return NULL;
}

int main(int argc, char** argv) {
  const long threads = argc > 3 ? atol(argv[3]) : 1;
  count = argc > 2 ? atol(argv[2]) : 0;
  for (unsigned i = 0; argc > 1 && i < sizeof kKinds / sizeof *kKinds; ++i) {
    if (strcmp(argv[1], kKinds[i].name) == 0) make_call = kKinds[i].make;
  }
  if (make_call == NULL || count <= 0 || threads < 1 || threads > MOST_THREADS) {
    fprintf(stderr, "usage: calls KIND COUNT [THREADS]\n");
    return 1;
  }
  pthread_t ids[MOST_THREADS];
  long took[MOST_THREADS], slowest = 0;
  pthread_barrier_init(&together, NULL, (unsigned)threads);
  for (long i = 1; i < threads; ++i) {
    if (pthread_create(&ids[i], NULL, run, &took[i]) != 0) return 1;
  }
  run(&took[0]);
  for (long i = 1; i < threads; ++i) pthread_join(ids[i], NULL);
  for (long i = 0; i < threads; ++i) slowest = took[i] > slowest ? took[i] : slowest;
  printf("%ld\n", slowest);
  return 0;
}
