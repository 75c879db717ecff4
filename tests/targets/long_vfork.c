// A vfork child that runs until its input ends; then it and its parent ask the time five times each.
#include <sys/wait.h>

#include "target.h"

int main(void) {
  int status = 0;
  pid_t child = vfork();
  if (child == 0) {
    char byte;
    if (write(1, "ready\n", 6) != 6 || read(0, &byte, 1) != 0) _exit(1);
    ask_the_time(5);
    _exit(7);
  }
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  ask_the_time(5);
  return 0;
}
