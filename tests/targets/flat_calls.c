// System calls whose arguments are numbers, in an order that their arguments show, vDSO calls in between.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include "target.h"
#include "task_state.h"

enum { kMany = 200000, kRounds = 2000, kThreads = 4, kPerThread = 3000 };

static void seek(long position) { CHECK(lseek(-1, position, SEEK_SET) == -1 && errno == EBADF); }

static void many(void) {
  const pid_t parent = getppid();
  for (int i = 1; i < kMany; ++i) CHECK(getppid() == parent);
}

static void order(void) {
  struct timespec now;
  for (long i = 0; i < kRounds; ++i) {
    seek(i);
    CHECK(clock_gettime(i % 2 == 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now) == 0);
    CHECK(close(9999) == -1 && dup2(9998, (int)i) == -1);
  }
}

static void *seeks(void *number) {
  for (long i = 0; i < kPerThread; ++i) seek((long)number * 100000 + i);
  return NULL;
}

static void threads(void) {
  pthread_t made[kThreads];
  for (int i = 0; i < 100; ++i) seek(i);
  for (long i = 0; i < kThreads; ++i) CHECK(pthread_create(&made[i], NULL, seeks, (void *)(i + 1)) == 0);
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_join(made[i], NULL) == 0);
}

static int first, second;
static volatile pid_t sleeper;

static void *lock_second(void *unused) {
  sleeper = gettid();
  CHECK(flock(second, LOCK_EX) == 0);
  return unused;
}

static void open_both(const char *path) {
  first = open(path, O_RDWR | O_CREAT, 0600), second = open(path, O_RDWR);
  CHECK(first >= 0 && second >= 0);
  for (int i = 0; i < 40; ++i) CHECK(flock(first, LOCK_EX) == 0);
}

/// A thread sleeps in a call while another makes many that stop.
static void blocked(const char *path) {
  pthread_t thread;
  open_both(path);
  CHECK(pthread_create(&thread, NULL, lock_second, NULL) == 0);
  while (sleeper == 0) sched_yield();
  while (state_of(sleeper) != 'S') sched_yield();
  for (int i = 0; i < 200; ++i) CHECK(prctl(PR_GET_DUMPABLE) == 1);
  CHECK(flock(first, LOCK_UN) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
}

/// It is killed there.
static void killed(const char *path) {
  open_both(path);
  const pid_t us = getpid(), child = fork();
  CHECK(child >= 0);
  if (child != 0) {
    flock(second, LOCK_EX);
    _exit(98);
  }
  while (state_of(us) != 'S') sched_yield();
  kill(us, SIGKILL);
  _exit(0);
}

int main(int argc, char **argv) {
  CHECK(argc >= 2);
  const char *path = argc > 2 ? argv[2] : "";
  if (strcmp(argv[1], "many") == 0) many();
  if (strcmp(argv[1], "order") == 0) order();
  if (strcmp(argv[1], "threads") == 0) threads();
  if (strcmp(argv[1], "blocked") == 0) blocked(path);
  if (strcmp(argv[1], "killed") == 0) killed(path);
  return 0;
}
