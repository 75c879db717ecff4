// exec_loop COUNT [PID]: a thread that is not the leader executes the program again, COUNT times, while
// other threads ask the time.
#include <pthread.h>

#include "target.h"

static char rounds[16], pid[16];

static void *forever(void *unused) {
  for (;;) ask_the_time(10);
  return unused;
}

static void *execute(void *unused) {
  ask_the_time(5);
  execl("/proc/self/exe", "exec_loop", rounds, pid, NULL);
  CHECK(0);
  return unused;
}

int main(int argc, char **argv) {
  CHECK(argc > 1);
  const int count = atoi(argv[1]);
  CHECK(argc == 2 || getpid() == atoi(argv[2]));
  if (argc == 2) dprintf(1, "ready\n");
  ask_the_time(5);
  if (count == 0) return 6;
  snprintf(rounds, sizeof rounds, "%d", count - 1);
  snprintf(pid, sizeof pid, "%d", getpid());
  pthread_t ids[3];
  for (int i = 0; i < 2; ++i) CHECK(pthread_create(&ids[i], NULL, forever, NULL) == 0);
  CHECK(pthread_create(&ids[2], NULL, execute, NULL) == 0);
  pthread_join(ids[2], NULL);
  return 1;
}
