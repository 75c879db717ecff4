// vforks COUNT: makes COUNT children by vfork, which make vDSO calls (CLOCK_BOOTTIME) on its stack and end, or execute
// this program to do nothing, in turn; and goes on with calls of its own (CLOCK_MONOTONIC) at once. Says "parent PID".
#include <sys/wait.h>

#include "ready.h"

enum { kOfChild = 10, kOfParent = 500 };

static void ask(clockid_t clock, int count) {
  struct timespec now;
  for (int i = 0; i < count; ++i) CHECK(clock_gettime(clock, &now) == 0);
}

int main(int argc, char **argv) {
  const int count = argc > 1 ? atoi(argv[1]) : 0;
  if (count == 0) return 0;
  wait_if_asked();
  for (int i = 0; i < count; ++i) {
    int status;
    const pid_t child = vfork();
    if (child == 0) {
      ask(CLOCK_BOOTTIME, kOfChild);
      if (i % 2) execl("/proc/self/exe", argv[0], (char *)NULL);
      _exit(0);
    }
    ask(CLOCK_MONOTONIC, kOfParent);
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  }
  dprintf(1, "parent %d\n", getpid());
  made("clock_gettime", "vdso", (long)count * kOfParent);
  child_made("clock_gettime", "vdso", (long)count * kOfChild);
  return 0;
}
