// children KIND: creates processes in one of the ways there are. A child that inherits a
// breakpoint and is not traced dies of SIGTRAP; its parent looks at its status.
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>

#include "target.h"

extern char **environ;
enum { kCalls = 10, kStatus = 7, kStack = 64 * 1024 };

static int work(void *unused) {
  (void)unused;
  ask_the_time(kCalls);
  return kStatus;
}

static void expect_status(pid_t child, int expected) {
  int status = 0;
  CHECK(child > 0);
  CHECK(waitpid(child, &status, __WALL) == child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != expected) {
    dprintf(2, "child ended with wait status 0x%x\n", status);
    _exit(98);
  }
}

static pid_t by_fork(void) {
  pid_t child = fork();
  if (child == 0) _exit(work(NULL));
  return child;
}

static pid_t by_vfork(void) {
  pid_t child = vfork();
  if (child == 0) _exit(work(NULL));
  return child;
}

static pid_t by_clone(int flags) {
  char *stack = malloc(kStack);
  CHECK(stack != NULL);
  return clone(work, stack + kStack, flags, NULL);
}
static pid_t by_clone_vm(void) { return by_clone(CLONE_VM | SIGCHLD); }
static pid_t by_clone_vm_silent(void) { return by_clone(CLONE_VM); }
static pid_t by_clone_vfork(void) { return by_clone(CLONE_VM | CLONE_VFORK | SIGCHLD); }
static pid_t by_clone_files(void) { return by_clone(CLONE_FILES | CLONE_FS | SIGCHLD); }

static pid_t by_clone3(void) {
  struct clone_args args = {.exit_signal = SIGCHLD};
  pid_t child = syscall(SYS_clone3, &args, sizeof args);
  if (child == 0) _exit(work(NULL));
  return child;
}

static pid_t by_spawn(void) {
  char *argv[] = {"children", "child", NULL};
  pid_t child;
  CHECK(posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
  return child;
}

static pid_t by_vfork_exec(void) {
  pid_t child = vfork();
  if (child == 0) {
    work(NULL);
    execl("/proc/self/exe", "children", "child", NULL);
    _exit(1);
  }
  return child;
}

/// A grandchild outlives its parent.
static pid_t by_double_fork(void) {
  int answer[2];
  CHECK(pipe(answer) == 0);
  pid_t child = fork();
  if (child == 0) {
    if (fork() == 0) {
      char status = work(NULL);
      _exit(write(answer[1], &status, 1) == 1 ? 0 : 1);
    }
    _exit(work(NULL));
  }
  close(answer[1]);
  char status = 0;
  CHECK(read(answer[0], &status, 1) == 1 && status == kStatus);
  return child;
}

/// The parent's vDSO calls go on while the child runs in the same or its own memory.
static volatile int stop;
static void *keep_asking(void *counter) {
  while (!stop) {
    ask_the_time(1);
    ++*(long *)counter;
  }
  return NULL;
}

static void busy(pid_t (*create)(void)) {
  enum { kThreads = 3, kRounds = 20 };
  pthread_t ids[kThreads];
  long counts[kThreads] = {0}, total = 0;
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_create(&ids[i], NULL, keep_asking, &counts[i]) == 0);
  }
  for (int i = 0; i < kRounds; ++i) expect_status(create(), kStatus);
  stop = 1;
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_join(ids[i], NULL) == 0);
    total += counts[i];
  }
  made(CLOCK_CALL, "vdso", total);
  child_made(CLOCK_CALL, "vdso", kRounds * kCalls);
}

static const struct Kind {
  const char *name;
  pid_t (*create)(void);
  int calls;  ///< that its children make
} kKinds[] = {
    {"fork", by_fork, kCalls},
    {"vfork", by_vfork, kCalls},
    {"vfork_exec", by_vfork_exec, 2 * kCalls},
    {"clone_vm", by_clone_vm, kCalls},
    {"clone_vm_silent", by_clone_vm_silent, kCalls},
    {"clone_vfork", by_clone_vfork, kCalls},
    {"clone_files", by_clone_files, kCalls},
    {"clone3", by_clone3, kCalls},
    {"spawn", by_spawn, kCalls},
    {"double_fork", by_double_fork, 2 * kCalls},
};

int main(int argc, char **argv) {
  const char *kind = argc > 1 ? argv[1] : "";
  if (strcmp(kind, "child") == 0) return work(NULL);
  if (strcmp(kind, "busy_fork") == 0) return busy(by_fork), 0;
  if (strcmp(kind, "busy_vfork") == 0) return busy(by_vfork), 0;
  for (unsigned i = 0; i < sizeof kKinds / sizeof *kKinds; ++i) {
    if (strcmp(kind, kKinds[i].name) != 0) continue;
    ask_the_time(kCalls);
    expect_status(kKinds[i].create(), kStatus);
    ask_the_time(kCalls);
    made(CLOCK_CALL, "vdso", 2 * kCalls);
    child_made(CLOCK_CALL, "vdso", kKinds[i].calls);
    return 0;
  }
  dprintf(2, "children: unknown kind\n");
  return 1;
}
