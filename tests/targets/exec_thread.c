// A thread other than the leader executes a program; it takes over the leader's id.
#include <pthread.h>

#include "target.h"

static void *execute(void *unused) {
  char pid[16];
  snprintf(pid, sizeof pid, "%d", getpid());
  ask_the_time(5);
  made(CLOCK_CALL, "vdso", 5);
  execl("/proc/self/exe", "exec_thread", pid, NULL);
  return unused;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    CHECK(getpid() == atoi(argv[1]) && syscall(SYS_gettid) == getpid());
    ask_the_time(4);
    made(CLOCK_CALL, "vdso", 4);
    return 6;
  }
  pthread_t id;
  CHECK(pthread_create(&id, NULL, execute, NULL) == 0);
  pthread_join(id, NULL);
  return 1;
}
