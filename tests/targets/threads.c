// threads [THREADS [COUNT]]: each thread makes COUNT calls of each of four functions at once
// with the others.
#include <pthread.h>

#include "target.h"

static long count = 20000;
static pthread_barrier_t start;
static Getcpu *getcpu_;

static void *work(void *unused) {
  struct timespec now;
  struct timeval day;
  unsigned cpu;
  pthread_barrier_wait(&start);
  for (long i = 0; i < count; ++i) {
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    CHECK(gettimeofday(&day, NULL) == 0);
    CHECK(time(NULL) > 1000000000);
    CHECK(getcpu_(&cpu, NULL, NULL) == 0);
  }
  return unused;
}

int main(int argc, char **argv) {
  alarm(600);
  int threads = argc > 1 ? atoi(argv[1]) : 8;
  if (argc > 2) count = atol(argv[2]);
  pthread_t ids[256];
  CHECK(threads > 0 && threads <= 256);
  getcpu_ = vdso("__vdso_getcpu");
  CHECK(getcpu_ != NULL);
  pthread_barrier_init(&start, NULL, threads);
  for (int i = 0; i < threads; ++i) CHECK(pthread_create(&ids[i], NULL, work, NULL) == 0);
  for (int i = 0; i < threads; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
  static const char *const functions[] = {"clock_gettime", "gettimeofday", "time", "getcpu"};
  for (int i = 0; i < 4; ++i) made(functions[i], "vdso", threads * count);
  return 0;
}
