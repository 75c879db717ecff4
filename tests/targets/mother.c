// mother: its first thread makes threads and processes one after another, until its standard input ends. Each is to
// be made once: a system call that a tracer makes it begin again shows here.
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include "target.h"

enum { kStatus = 7 };

static long lived;

static void *live(void *unused) {
  ++lived;
  return unused;
}

static void make_thread(long number) {
  pthread_t id;
  CHECK(pthread_create(&id, NULL, live, NULL) == 0);
  CHECK(pthread_join(id, NULL) == 0);
  CHECK(lived == number);
}

static void make_process(void) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(kStatus);
  CHECK(child > 0);
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == kStatus);
  CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
}

int main(void) {
  struct pollfd input = {.fd = 0, .events = POLLIN};
  dprintf(1, "ready\n");
  for (long number = 1; poll(&input, 1, 0) == 0; ++number) {
    make_thread(number);
    if (number % 8 == 0) make_process();
  }
  return 5;
}
