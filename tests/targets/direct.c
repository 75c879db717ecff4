// direct THREADS COUNT: waits for a byte on standard input. Then a thread that was there before, and THREADS threads that
// are born after, make COUNT direct system calls of each kind and as many through the C library. It says how often its
// threads have given up their processors meanwhile, as a thread that stops does, and waits for another byte.
#include <pthread.h>
#include <sys/resource.h>

#include "target.h"

static long count;

static __attribute__((noinline)) void ask_directly(void) {
  struct timespec now;
  struct timeval day;
  unsigned cpu;
  CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
  CHECK(syscall(SYS_gettimeofday, &day, NULL) == 0);
  CHECK(syscall(SYS_time, NULL) > 1000000000);
  CHECK(syscall(SYS_getcpu, &cpu, NULL, NULL) == 0);
}

static void *work(void *unused) {
  struct timespec now;
  for (long i = 0; i < count; ++i) {
    ask_directly();
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
    CHECK(syscall(SYS_clock_gettime, 99, &now) == -1 && errno == EINVAL);
    // Calls that nobody asks for.
    CHECK(getppid() > 0);
  }
  return unused;
}

static void *wait_for_it(void *go) {
  CHECK(pthread_barrier_wait(go) >= -1);
  return work(NULL);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  const int threads = atoi(argv[1]);
  count = atol(argv[2]);
  CHECK(threads >= 0 && threads <= 64);
  pthread_t ids[65];
  pthread_barrier_t go;
  pthread_barrier_init(&go, NULL, 2);
  // One is there before the attach.
  CHECK(pthread_create(&ids[threads], NULL, wait_for_it, &go) == 0);
  CHECK(write(1, "ready\n", 6) == 6);
  char line;
  CHECK(read(0, &line, 1) == 1);
  for (int i = 0; i < threads; ++i) CHECK(pthread_create(&ids[i], NULL, work, NULL) == 0);
  pthread_barrier_wait(&go);
  for (int i = 0; i <= threads; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
  const long calls = count * (threads + 1);
  made("clock_gettime", "syscall", 2 * calls);
  made("gettimeofday", "syscall", calls);
  made("time", "syscall", calls);
  made("getcpu", "syscall", calls);
  made("clock_gettime", "any", 2 * calls);
  struct rusage used;
  CHECK(getrusage(RUSAGE_SELF, &used) == 0);
  dprintf(1, "switched %ld\ndone\n", used.ru_nvcsw);
  CHECK(read(0, &line, 1) >= 0);
  return 0;
}
