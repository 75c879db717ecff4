// gone_leader: its first thread ends at the first byte of its input, another one asks the time until its input ends.
#include <pthread.h>

#include "target.h"

static void *go_on(void *leader) {
  char byte;
  CHECK(pthread_join(*(pthread_t *)leader, NULL) == 0);
  dprintf(1, "gone\n");
  while (read(0, &byte, 1) == 1) {
    ask_the_time(100);
    CHECK(write(1, ".", 1) == 1);
  }
  _exit(6);
}

int main(void) {
  static pthread_t leader;
  pthread_t id;
  char byte;
  leader = pthread_self();
  CHECK(pthread_create(&id, NULL, go_on, &leader) == 0);
  dprintf(1, "ready\n");
  CHECK(read(0, &byte, 1) == 1);
  pthread_exit(NULL);
}
