// many_threads COUNT: so many threads that ask the time and sleep, until its input ends.
#include <pthread.h>

#include "target.h"

static void *work(void *unused) {
  const struct timespec interval = {0, 20000000};
  for (;;) {
    ask_the_time(1);
    CHECK(nanosleep(&interval, NULL) == 0);
  }
  return unused;
}

int main(int argc, char **argv) {
  pthread_attr_t small;
  char byte;
  CHECK(argc > 1);
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 1 << 16);
  for (int i = 0; i < atoi(argv[1]); ++i) {
    pthread_t id;
    CHECK(pthread_create(&id, &small, work, NULL) == 0);
  }
  dprintf(1, "ready\n");
  CHECK(read(0, &byte, 1) == 0);
  return 0;
}
