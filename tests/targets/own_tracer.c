// own_tracer [vfork]: a debugger in small. Its child asks to be traced by it, so nobody else may. With `vfork` the child
// still shares its memory then, as that of gdb does, and makes calls there before it executes a program.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "target.h"

static char kDebuggee[] = "debuggee";

static int debug(pid_t child, int first_stop) {
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == first_stop);
  CHECK(ptrace(PTRACE_CONT, child, NULL, NULL) == 0);
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static int debug_fork(void) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    raise(SIGSTOP);
    ask_the_time(5);
    _exit(7);
  }
  return debug(child, SIGSTOP);
}

static int debug_vfork(void) {
  char *words[] = {kDebuggee, NULL};
  pid_t child = vfork();
  CHECK(child >= 0);
  if (child == 0) {
    ask_the_time(2);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) _exit(1);
    ask_the_time(4);
    execv("/proc/self/exe", words);
    _exit(2);
  }
  return debug(child, SIGTRAP);
}

int main(int argc, char **argv) {
  if (strcmp(argv[0], kDebuggee) == 0) {
    ask_the_time(5);
    return 7;
  }
  ask_the_time(3);
  CHECK((argc > 1 ? debug_vfork() : debug_fork()) == 7);
  ask_the_time(2);
  made("clock_gettime", "vdso", 5);
  return 0;
}
