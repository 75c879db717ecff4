// One thread ends the program while the others are in the middle of their calls.
#include <pthread.h>

#include "target.h"

static void *forever(void *unused) {
  for (;;) ask_the_time(100);
  return unused;
}

int main(void) {
  pthread_t id;
  for (int i = 0; i < 6; ++i) CHECK(pthread_create(&id, NULL, forever, NULL) == 0);
  ask_the_time(50);
  _exit(9);
}
