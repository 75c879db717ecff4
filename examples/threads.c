// threads [THREADS [CALLS]]: so many threads ask for the time so many times each.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long calls = 5;

static void *ask(void *unused) {
  struct timespec now;
  for (long i = 0; i < calls; ++i) clock_gettime(CLOCK_MONOTONIC, &now);
  return unused;
}

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 3;
  if (argc > 2) calls = atol(argv[2]);
  if (count < 1 || count > 1000 || calls < 0) {
    fprintf(stderr, "usage: threads [THREADS [CALLS]]\n");
    return 1;
  }
  pthread_t threads[1000];
  for (int i = 0; i < count; ++i) {
    if (pthread_create(&threads[i], NULL, ask, NULL) != 0) return 1;
  }
  for (int i = 0; i < count; ++i) pthread_join(threads[i], NULL);
  printf("%ld calls\n", count * calls);
  return 0;
}
