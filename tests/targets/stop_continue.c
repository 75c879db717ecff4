// Job control: a child that stops itself, and a program that others stop.
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "target.h"

static void child_stops(int signal) {
  int seen[2];
  char byte = 0;
  CHECK(pipe(seen) == 0);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(setpgid(0, 0) == 0);
    ask_the_time(3);
    raise(signal);
    CHECK(read(seen[0], &byte, 1) == 1);
    ask_the_time(3);
    _exit(5);
  }
  int status = 0;
  CHECK(waitpid(child, &status, WUNTRACED) == child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == signal);
  CHECK(kill(child, SIGCONT) == 0);
  CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
  CHECK(write(seen[1], &byte, 1) == 1);
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 5);
  child_made(CLOCK_CALL, "vdso", 6);
}

static volatile int continued;
static void on_continue(int signal) {
  (void)signal;
  ++continued;
}

/// 'T' once it is stopped; a debugger's stop shows as 't'.
static char state_of(pid_t pid) {
  char name[32], text[512] = {0};
  snprintf(name, sizeof name, "/proc/%d/stat", pid);
  FILE *file = fopen(name, "r");
  CHECK(file != NULL);
  size_t size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  CHECK(size > 0 && strrchr(text, ')') != NULL);
  return strrchr(text, ')')[2];
}

static void is_stopped(int signal) {
  pid_t self = getpid();
  continued = 0;
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(kill(self, signal) == 0);
    while (state_of(self) != 'T' && state_of(self) != 't') sched_yield();
    CHECK(kill(self, SIGCONT) == 0);
    _exit(0);
  }
  int status;
  while (!continued) ask_the_time(0), sched_yield();
  while (waitpid(child, &status, 0) != child) CHECK(errno == EINTR);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0 && continued == 1);
  ask_the_time(4);
  made(CLOCK_CALL, "vdso", 4);
}

int main(void) {
  struct sigaction action = {.sa_handler = on_continue};
  // SIGTSTP stops nobody in a process group that has no parent in its session outside itself.
  CHECK(setpgid(0, 0) == 0);
  child_stops(SIGSTOP);
  child_stops(SIGTSTP);
  CHECK(sigaction(SIGCONT, &action, NULL) == 0);
  is_stopped(SIGSTOP);
  is_stopped(SIGTSTP);
  return 0;
}
