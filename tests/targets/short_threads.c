// Many threads, each gone after a few calls.
#include <pthread.h>

#include "target.h"

enum { kRounds = 40, kAtOnce = 5, kCalls = 3 };

static void *work(void *unused) {
  ask_the_time(kCalls);
  return unused;
}

int main(void) {
  for (int round = 0; round < kRounds; ++round) {
    pthread_t ids[kAtOnce];
    for (int i = 0; i < kAtOnce; ++i) CHECK(pthread_create(&ids[i], NULL, work, NULL) == 0);
    for (int i = 0; i < kAtOnce; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
  }
  made(CLOCK_CALL, "vdso", kRounds * kAtOnce * kCalls);
  return 0;
}
