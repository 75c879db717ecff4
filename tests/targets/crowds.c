// crowds burst|alive|churn THREADS CALLS: very many threads ask the time.
//
//   burst  all begin at the same moment
//   alive  all have come before one of them ends; on small stacks
//   churn  each is gone before the next begins, 4 at a time
#include <pthread.h>

#include "ready.h"

enum { kAtOnce = 4 };
static long calls;
static pthread_barrier_t gate;

static void *burst(void *unused) {
  pthread_barrier_wait(&gate);
  ask_the_time(calls);
  return unused;
}

static void *alive(void *unused) {
  ask_the_time(calls);
  pthread_barrier_wait(&gate);
  return unused;
}

static void *churn(void *unused) {
  ask_the_time(calls);
  return unused;
}

static void run(void *work(void *), long count) {
  pthread_attr_t small;
  pthread_t *ids = malloc(count * sizeof *ids);
  CHECK(ids != NULL && pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, 1 << 16) == 0);
  for (long i = 0; i < count; ++i) CHECK(pthread_create(&ids[i], &small, work, NULL) == 0);
  for (long i = 0; i < count; ++i) CHECK(pthread_join(ids[i], NULL) == 0);
  free(ids);
}

int main(int argc, char **argv) {
  CHECK(argc > 3);
  const long threads = atol(argv[2]);
  calls = atol(argv[3]);
  CHECK(pthread_barrier_init(&gate, NULL, threads) == 0);
  wait_if_asked();
  if (strcmp(argv[1], "burst") == 0) run(burst, threads);
  if (strcmp(argv[1], "alive") == 0) run(alive, threads);
  if (strcmp(argv[1], "churn") == 0) {
    for (long i = 0; i < threads; i += kAtOnce) run(churn, kAtOnce);
  }
  made("clock_gettime", "vdso", threads * calls);
  return 0;
}
