// The first thread ends before the others do.
#include <pthread.h>

#include "target.h"

enum { kThreads = 4, kCalls = 500 };
static int running = kThreads;
static pthread_t leader;

static void *work(void *unused) {
  CHECK(pthread_join(leader, NULL) != EDEADLK);
  ask_the_time(kCalls);
  if (__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST) == 0) {
    made(CLOCK_CALL, "vdso", kThreads * kCalls);
    exit(4);
  }
  return unused;
}

static void *work_detached(void *unused) {
  ask_the_time(kCalls);
  if (__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST) == 0) {
    made(CLOCK_CALL, "vdso", kThreads * kCalls);
    exit(4);
  }
  return unused;
}

int main(void) {
  leader = pthread_self();
  pthread_t id;
  CHECK(pthread_create(&id, NULL, work, NULL) == 0);
  for (int i = 1; i < kThreads; ++i) CHECK(pthread_create(&id, NULL, work_detached, NULL) == 0);
  pthread_exit(NULL);
}
