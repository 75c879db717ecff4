// direct THREADS COUNT [BEFORE [i386|births|strangers]]: waits for a byte on standard input. Then BEFORE threads that were there
// before (1), and THREADS threads that are born after, make COUNT direct system calls of each kind and as many through the C library,
// and with `i386` the call that has the number of time there. With `births` those that were there make the others, twice as many
// as they are, else the main thread does. With `strangers` processes that are born between those that were there, and are not counted,
// make the direct ones, too. It says how often its threads have given up their processors meanwhile, as a thread that stops does, and
// waits for another byte.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "target.h"

enum { MOST = 128 };

static long count;
static int compat, births, strangers;
static int strangers_go[2];
static pthread_barrier_t go;

static __attribute__((noinline)) void ask_directly(void) {
  struct timespec now;
  struct timeval day;
  unsigned cpu;
  CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
  CHECK(syscall(SYS_gettimeofday, &day, NULL) == 0);
  CHECK(syscall(SYS_time, NULL) > 1000000000);
  CHECK(syscall(SYS_getcpu, &cpu, NULL, NULL) == 0);
}

/// geteuid32
static __attribute__((noinline)) void ask_by_the_number_of_i386(void) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(SYS_time) : "memory", "r8", "r9", "r10", "r11");
  CHECK(result == (long)geteuid());
#endif
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
    if (compat) ask_by_the_number_of_i386();
  }
  return unused;
}

static void *wait_for_it(void *unused) {
  pthread_t ids[2];
  CHECK(pthread_barrier_wait(&go) >= -1);
  for (int i = 0; i < 2 * births; ++i) CHECK(pthread_create(&ids[i % 2], NULL, work, NULL) == 0);
  work(unused);
  for (int i = 0; i < 2 * births; ++i) CHECK(pthread_join(ids[i % 2], NULL) == 0);
  return unused;
}

static pid_t make_stranger(void) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child > 0) return child;
  char none;
  close(strangers_go[1]);
  CHECK(read(strangers_go[0], &none, 1) == 0);
  for (long i = 0; i < count; ++i) ask_directly();
  _exit(0);
}

int main(int argc, char **argv) {
  CHECK(argc >= 3);
  const int threads = atoi(argv[1]);
  const int before = argc > 3 ? atoi(argv[3]) : 1;
  const int all = threads + before;
  count = atol(argv[2]);
  compat = argc > 4 && strcmp(argv[4], "i386") == 0;
  births = argc > 4 && strcmp(argv[4], "births") == 0;
  strangers = argc > 4 && strcmp(argv[4], "strangers") == 0;
  CHECK(threads >= 0 && before > 0 && all <= MOST && (!births || threads == 2 * before));
  pthread_t ids[MOST];
  pid_t others[MOST];
  pthread_barrier_init(&go, NULL, before + 1);
  CHECK(pipe(strangers_go) == 0);
  const int own = births ? 0 : threads;
  for (int i = threads; i < all; ++i) {
    CHECK(pthread_create(&ids[i], NULL, wait_for_it, NULL) == 0);
    if (strangers) others[i] = make_stranger();
  }
  CHECK(write(1, "ready\n", 6) == 6);
  char line;
  CHECK(read(0, &line, 1) == 1);
  for (int i = 0; i < own; ++i) CHECK(pthread_create(&ids[i], NULL, work, NULL) == 0);
  pthread_barrier_wait(&go);
  close(strangers_go[1]);
  for (int i = threads; strangers && i < all; ++i) CHECK(waitpid(others[i], NULL, 0) == others[i]);
  for (int i = 0; i < own; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
  for (int i = threads; i < all; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
  const long calls = count * all;
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
