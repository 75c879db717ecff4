// Calls until somebody ends it: says "ready" once its threads are under way.
#include <pthread.h>

#include "target.h"

static void *forever(void *unused) {
  for (;;) ask_the_time(100);
  return unused;
}

int main(void) {
  pthread_t id;
  for (int i = 0; i < 3; ++i) CHECK(pthread_create(&id, NULL, forever, NULL) == 0);
  ask_the_time(10);
  dprintf(1, "ready\n");
  forever(NULL);
}
