// children KIND [wait]: creates processes in one of the ways there are. A child that inherits a
// breakpoint and is not traced dies of SIGTRAP; its parent looks at its status. `wait`: first says "ready" and waits
// for a byte of input, for tests that attach to it.
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
static pid_t by_clone_untraced(void) { return by_clone(CLONE_UNTRACED | SIGCHLD); }
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
  CHECK(posix_spawn(&child, (const char *)getauxval(AT_EXECFN), NULL, NULL, argv, environ) == 0);
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

static int to_child[2], to_parent[2];
static int work_on(void *unused) {
  char byte = work(unused);
  CHECK(write(to_parent[1], &byte, 1) == 1);
  ask_the_time(kCalls);
  CHECK(read(to_child[0], &byte, 1) == 1);
  return work(unused);
}

/// The parent executes a program while the child runs, with `flags` in the memory that the parent leaves.
static void execute_meanwhile(int flags) {
  char *stack = malloc(kStack), pid[16], input[16], byte;
  CHECK(stack != NULL && pipe(to_child) == 0 && pipe(to_parent) == 0);
  ask_the_time(kCalls);
  pid_t child = clone(work_on, stack + kStack, flags | SIGCHLD, NULL);
  CHECK(child > 0 && read(to_parent[0], &byte, 1) == 1);
  snprintf(pid, sizeof pid, "%d", child);
  snprintf(input, sizeof input, "%d", to_child[1]);
  execl("/proc/self/exe", "children", "executed", pid, input, NULL);
  CHECK(0);
}

static int executed(pid_t child, int input) {
  CHECK(write(input, "", 1) == 1);
  expect_status(child, kStatus);
  ask_the_time(kCalls);
  made(CLOCK_CALL, "vdso", 2 * kCalls);
  child_made(CLOCK_CALL, "vdso", 3 * kCalls);
  return 0;
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
    {"clone_untraced", by_clone_untraced, kCalls},
    {"clone3", by_clone3, kCalls},
    {"spawn", by_spawn, kCalls},
    {"double_fork", by_double_fork, 2 * kCalls},
};

int main(int argc, char **argv) {
  const char *kind = argc > 1 ? argv[1] : "";
  if (strcmp(kind, "child") == 0) return work(NULL);
  if (strcmp(kind, "executed") == 0) return executed(atoi(argv[2]), atoi(argv[3]));
  if (argc > 2) {
    char byte;
    dprintf(1, "ready\n");
    CHECK(read(0, &byte, 1) == 1);
  }
  if (strcmp(kind, "exec_meanwhile") == 0) return execute_meanwhile(0), 1;
  if (strcmp(kind, "exec_meanwhile_vm") == 0) return execute_meanwhile(CLONE_VM), 1;
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
