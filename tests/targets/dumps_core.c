// dumps_core self|other: ends with a core in the middle of a thread's vDSO calls: by a timer's signal to it, or since another
// thread aborts.
#include <pthread.h>
#include <signal.h>

#include "ready.h"

enum { kCalls = 20000 };
static volatile long called;

static void *end_it(void *unused) {
  while (called < kCalls) {
  }
  abort();
  return unused;
}

__attribute__((noinline)) static void work(void) {
  struct timespec now;
  for (;;) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    ++called;
  }
}

int main(int argc, char **argv) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGABRT};
  const struct itimerspec soon = {{0, 0}, {0, 5000000}};
  timer_t timer;
  pthread_t id;
  CHECK(argc > 1);
  wait_if_asked();
  if (strcmp(argv[1], "self") == 0) {
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &soon, NULL) == 0);
  } else {
    CHECK(pthread_create(&id, NULL, end_it, NULL) == 0);
  }
  work();
  return 0;
}
