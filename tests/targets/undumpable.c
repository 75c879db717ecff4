// A program whose /proc/PID/mem is closed to its own user.
#include <sys/prctl.h>
#include <sys/wait.h>

#include "target.h"

int main(void) {
  ask_the_time(3);
  CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
  ask_the_time(3);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    ask_the_time(3);
    _exit(7);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
  made(CLOCK_CALL, "vdso", 6);
  child_made(CLOCK_CALL, "vdso", 3);
  return 0;
}
