// A debugger in small: its child asks to be traced by it, so nobody else may.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "target.h"

int main(void) {
  ask_the_time(3);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    raise(SIGSTOP);
    ask_the_time(5);
    _exit(7);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK(ptrace(PTRACE_CONT, child, NULL, NULL) == 0);
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
  made("clock_gettime", "vdso", 3);
  return 0;
}
