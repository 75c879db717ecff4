// vfork_calls CASE: processes that share their memory, stack and thread pointer, each with calls of its own: lseek with
// a descriptor that says who makes it, and which one it is. The parent has -1, its child -2, and so on.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "target.h"
#include "task_state.h"

extern char **environ;
enum { kRounds = 4, kCalls = 30, kMany = 4000, kStatus = 7, kStack = 64 * 1024 };
enum { kParent = -1, kChild = -2, kGrandchild = -3, kOther = -4 };

static void calls(int caller, long from, long count) {
  struct timespec now;
  for (long i = from; i < from + count; ++i) {
    CHECK(lseek(caller, i, SEEK_SET) == -1 && errno == EBADF);
    if (i % 8 == 0) CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  }
}

static int status_of(pid_t child) {
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return status;
}
static void expect_exit(pid_t child) {
  const int status = status_of(child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == kStatus);
}
static void expect_kill(pid_t child) {
  const int status = status_of(child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

typedef void Task(long round);
/// Creates a child that does so, waits until that has ended or executed a program, and answers it. Not inlined: the
/// child must not change what its parent has in registers.
__attribute__((noinline)) static pid_t run(Task *task, long round) {
  const pid_t child = vfork();
  CHECK(child >= 0);
  if (child == 0) {
    task(round);
    _exit(kStatus);
  }
  return child;
}

static void make_calls(long round) { calls(kChild, round * kCalls, kCalls); }
static void make_many(long round) { calls(kChild, round * kMany, kMany); }

static void in_turn(Task *task, void (*expect)(pid_t)) {
  for (long round = 0; round < kRounds; ++round) {
    calls(kParent, round * kCalls, kCalls);
    expect(run(task, round));
  }
  calls(kParent, kRounds * kCalls, kCalls);
}

static void execute(long round) {
  make_calls(round);
  execl("/proc/self/exe", "vfork_calls", "executed", (char *)NULL);
  _exit(1);
}
static void execute_in_vain(long round) {
  calls(kChild, round * kCalls, kCalls / 2);
  CHECK(execl("/nothing", "nothing", (char *)NULL) == -1);
  calls(kChild, round * kCalls + kCalls / 2, kCalls - kCalls / 2);
}
static void be_killed(long round) {
  make_calls(round);
  kill(getpid(), SIGKILL);
}

static int empty[2];
/// Killed by a process that sees it asleep.
static void be_killed_asleep(long round) {
  char byte;
  make_calls(round);
  const pid_t itself = getpid();
  const pid_t killer = fork();
  CHECK(killer >= 0);
  if (killer == 0) {
    while (state_of(itself) != 'S') sched_yield();
    kill(itself, SIGKILL);
    _exit(0);
  }
  CHECK(read(empty[0], &byte, 1) == 1);
}

static void nest(long round) {
  calls(kChild, round * kCalls, kCalls / 2);
  const pid_t grandchild = vfork();
  if (grandchild == 0) {
    calls(kGrandchild, round * kCalls, kCalls);
    _exit(kStatus);
  }
  expect_exit(grandchild);
  calls(kChild, round * kCalls + kCalls / 2, kCalls - kCalls / 2);
}

/// On a stack of its own.
static pid_t run_apart(int (*task)(void *), int flags, void *argument) {
  char *stack = malloc(kStack);
  CHECK(stack != NULL);
  return clone(task, stack + kStack, flags | CLONE_VM | SIGCHLD, argument);
}

static volatile int runs_on, has_ended;
static volatile long killed_in;
/// Kills its parent, which waits for it, and makes calls beside its grandparent, which waited for that.
static int kill_parent(void *unused) {
  (void)unused;
  calls(kGrandchild, killed_in * kCalls, kCalls / 2);
  kill(getppid(), SIGKILL);
  while (!runs_on) {
  }
  calls(kGrandchild, killed_in * kCalls + kCalls / 2, kCalls - kCalls / 2);
  has_ended = 1;
  return kStatus;
}
static void be_killed_waiting(long round) {
  make_calls(round);
  killed_in = round;
  runs_on = has_ended = 0;
  run_apart(kill_parent, CLONE_VFORK, NULL);
}
static void run_beside_grandchild(pid_t child) {
  runs_on = 1;
  expect_kill(child);
  calls(kOther, killed_in * kCalls, kCalls);
  while (!has_ended) {
  }
}

/// A process whose child kills it while it waits, and outlives it. It ends when nobody can write any more.
static int kill_waiting_parent(void) {
  int ends[2];
  char byte;
  CHECK(pipe(ends) == 0);
  const pid_t parent = fork();
  if (parent == 0) {
    calls(kParent, 0, kCalls);
    if (vfork() == 0) {
      calls(kChild, 0, kCalls / 2);
      kill(getppid(), SIGKILL);
      calls(kChild, kCalls / 2, kCalls - kCalls / 2);
      _exit(kStatus);
    }
    _exit(1);
  }
  expect_kill(parent);
  CHECK(close(ends[1]) == 0 && read(ends[0], &byte, 1) == 0);
  return 0;
}

static int spawn(void) {
  for (int round = 0; round < kRounds; ++round) {
    char *argv[] = {"vfork_calls", "executed", NULL};
    pid_t child;
    calls(kParent, round * kCalls, kCalls);
    CHECK(posix_spawn(&child, (const char *)getauxval(AT_EXECFN), NULL, NULL, argv, environ) == 0);
    expect_exit(child);
  }
  calls(kParent, kRounds * kCalls, kCalls);
  return 0;
}

static void *in_turn_beside(void *unused) {
  in_turn(make_calls, expect_exit);
  return unused;
}
static int by_thread(void) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, in_turn_beside, NULL) == 0);
  calls(kOther, 0, kMany);
  CHECK(pthread_join(thread, NULL) == 0);
  return 0;
}

static volatile long handled;
static void handle(int signal) {
  (void)signal;
  expect_exit(run(make_calls, handled++));
}
static int by_handler(void) {
  CHECK(signal(SIGUSR1, handle) != SIG_ERR);
  for (long round = 0; round < kRounds; ++round) {
    calls(kParent, round * kCalls, kCalls);
    CHECK(raise(SIGUSR1) == 0);
  }
  calls(kParent, kRounds * kCalls, kCalls);
  return 0;
}

static int make_calls_apart(void *unused) {
  (void)unused;
  make_many(0);
  return kStatus;
}
/// Both run at a time.
static int beside(void) {
  const pid_t child = run_apart(make_calls_apart, 0, NULL);
  CHECK(child > 0);
  calls(kParent, 0, kMany);
  expect_exit(child);
  return 0;
}

#ifdef __x86_64__
/// With a thread pointer of its own from the middle on, to a copy of what its creator's points to.
static void set_pointer(long round) {
  enum { kBelow = 1024, kAbove = 2304, kSetPointer = 0x1002 };
  static _Alignas(64) char copy[kBelow + kAbove];
  const char *own;
  __asm__("mov %%fs:0, %0" : "=r"(own));
  calls(kChild, round * kCalls, kCalls / 2);
  memcpy(copy, own - kBelow, sizeof copy);
  char *pointer = copy + kBelow;
  memcpy(pointer, &pointer, sizeof pointer);
  CHECK(syscall(SYS_arch_prctl, kSetPointer, pointer) == 0);
  calls(kChild, round * kCalls + kCalls / 2, kCalls - kCalls / 2);
}
#endif

static const struct Case {
  const char *name;
  Task *task;
  void (*expect)(pid_t);
} kCases[] = {
    {"vfork", make_calls, expect_exit},
    {"many", make_many, expect_exit},
    {"exec", execute, expect_exit},
    {"exec_in_vain", execute_in_vain, expect_exit},
    {"killed", be_killed, expect_kill},
    {"killed_asleep", be_killed_asleep, expect_kill},
    {"nested", nest, expect_exit},
    {"killed_waiting", be_killed_waiting, run_beside_grandchild},
#ifdef __x86_64__
    {"pointer", set_pointer, expect_exit},
#endif
};

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  CHECK(pipe(empty) == 0);
  if (strcmp(name, "executed") == 0) return calls(kOther, 0, kCalls), kStatus;
  if (strcmp(name, "spawn") == 0) return spawn();
  if (strcmp(name, "thread") == 0) return by_thread();
  if (strcmp(name, "handler") == 0) return by_handler();
  if (strcmp(name, "beside") == 0) return beside();
  if (strcmp(name, "killed_parent") == 0) return kill_waiting_parent();
  for (unsigned i = 0; i < sizeof kCases / sizeof *kCases; ++i) {
    if (strcmp(name, kCases[i].name) == 0) return in_turn(kCases[i].task, kCases[i].expect), 0;
  }
  return 1;
}
