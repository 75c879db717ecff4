// untraced clone|clone3: makes children that no tracer is to follow (CLONE_UNTRACED), which make vDSO calls.
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "ready.h"

enum { kChildren = 5 };

static pid_t make_child(const char *how) {
  struct clone_args args = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
  if (strcmp(how, "clone3") == 0) return syscall(SYS_clone3, &args, sizeof args);
  return syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL, NULL, NULL, 0);
}

static void call(void) {
  struct timespec now;
  ask_the_time(20);
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc > 1);
  wait_if_asked();
  call();
  for (int i = 0; i < kChildren; ++i) {
    int status;
    const pid_t child = make_child(argv[1]);
    if (child == 0) {
      call();
      _exit(0);
    }
    if (child < 0 && errno == ENOSYS) {
      dprintf(1, "no %s\n", argv[1]);
      return 77;
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  }
  call();
  return 0;
}
