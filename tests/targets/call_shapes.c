// System calls each of which can give way to a jump in one way only, come to by every way that there is.
//
//   ways       each of them often, by each of the ways
//   stepped    the same, after many times, by single steps of its own
//   storm      the same, while signals strike wherever they do
//   threads    the same, by many threads at once
//   apart      the same by some of them, while others come there after long work
//   forks      the same by threads, while others of them fork children that do so, too
//
// Two arguments more say how often, and that nothing gives way that a thread might come back to.
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "target.h"

// No padding is near; and a call cannot be moved.
#define APART ".fill 700, 1, 0x90\n"
#define FUNCTION(name) ".p2align 4\n.type " #name ", @function\n" #name ":\n.cfi_startproc\n"
#define END(name) ".cfi_endproc\n.size " #name ", . - " #name "\n"
// What does nothing here and is no padding: clc.
#define FILLED(count) ".fill " #count ", 1, 0xf8\n"
// Two bytes of padding behind a jump.
#define SMALL_PADDING FILLED(90) ".p2align 3\n" FILLED(4) "jmp 1f\n.byte 0x66, 0x90\n1:\n"

__asm__(".text\n"
        FUNCTION(nothing) "ret\n" END(nothing)
        // The instruction before the call gives way: it reads memory beside itself.
        FUNCTION(headed_call) APART "mov number(%rip), %eax\n"
        "headed_site: syscall\ncall nothing\n" APART "ret\n" END(headed_call)
        // Into the middle of that function: the call alone, with another number.
        FUNCTION(headed_beside) "mov $102, %eax\njmp headed_site\n" END(headed_beside)
        // The call alone gives way: from one padding to the next.
        FUNCTION(relayed_call) APART "mov %rdi, %rax\nsyscall\ncall nothing\n" SMALL_PADDING SMALL_PADDING
        FILLED(60) ".p2align 4\nret\n" END(relayed_call) ".fill 15, 1, 0xcc\n"
        FUNCTION(padded_call) APART "mov %rdi, %rax\nsyscall\ncall nothing\nnop\n.p2align 4\nret\n" END(padded_call)
        ".fill 15, 1, 0xcc\n"
        // The call gives way with what is behind it. Its caller goes on by the flags that the latter sets.
        FUNCTION(widened_call) APART "mov %rdi, %rax\nsyscall\ncmp $-4095, %rax\njae 1f\n" APART "ret\n"
        "1: mov $-1, %rax\nret\n" END(widened_call));

__attribute__((used)) static int number = SYS_getppid;
long headed_call(void), headed_beside(void), relayed_call(long nr), padded_call(long nr), widened_call(long nr);

static volatile sig_atomic_t ticks;
static int rounds = 100, widens = 1;

static void once(pid_t parent, uid_t user) {
  CHECK(headed_call() == parent);
  CHECK(relayed_call(SYS_getppid) == parent && relayed_call(SYS_getuid) == (long)user);
  CHECK(padded_call(SYS_getppid) == parent && padded_call(SYS_getuid) == (long)user);
  if (widens) CHECK(widened_call(SYS_getppid) == parent && widened_call(SYS_fsync) == -1);
}

static void ways(int rounds) {
  const pid_t parent = getppid();
  const uid_t user = getuid();
  for (int i = 0; i < rounds; ++i) {
    once(parent, user);
    if (i % 32 == 0) CHECK(headed_beside() == (long)user);
  }
}

/// Calls from the very places that the signal may have struck.
static void tick(int signal) {
  (void)signal;
  ++ticks;
  once(getppid(), getuid());
}

static void storm(void) {
  struct sigaction action = {0};
  action.sa_handler = tick;
  action.sa_flags = SA_RESTART;
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
  ways(64);
  CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
  ways(4992);
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
  dprintf(2, "ticks %ld\n", (long)ticks);
}

static void count_step(int signal) {
  (void)signal;
  ++ticks;
}

/// A debugger, or a program that looks at itself, sees each instruction; the ones between are ours.
static void stepped(void) {
  struct sigaction action = {0};
  action.sa_handler = count_step;
  CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
  const pid_t parent = getppid();
  const uid_t user = getuid();
  ways(64);
  for (int i = 0; i < 3; ++i) {
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; orq $0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::: "memory", "cc");
    once(parent, user);
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; lea 128(%%rsp), %%rsp" ::: "memory", "cc");
  }
  printf("%ld steps\n", (long)ticks);
}

static void *call(void *unused) {
  ways(rounds);
  return unused;
}

enum { kThreads = 12 };

static void *call_at_times(void *unused) {
  const pid_t parent = getppid();
  const uid_t user = getuid();
  for (int i = 0; i < rounds; ++i) {
    for (volatile int work = 0; work < 3000000; ++work) {
    }
    once(parent, user);
  }
  return unused;
}

static void *fork_children(void *unused) {
  for (int i = 0; i < 30; ++i) {
    const pid_t us = getpid(), child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      for (int j = 0; j < 20; ++j) once(us, getuid());
      _exit(7);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
  }
  return unused;
}

static void threads(void *(*of_most)(void *), void *(*of_every_third)(void *)) {
  pthread_t all[kThreads];
  for (int i = 0; i < kThreads; ++i)
    CHECK(pthread_create(&all[i], NULL, i % 3 == 2 ? of_every_third : of_most, NULL) == 0);
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_join(all[i], NULL) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc >= 2);
  if (argc > 2) rounds = atoi(argv[2]);
  widens = argc < 4;
  if (strcmp(argv[1], "ways") == 0) ways(rounds);
  if (strcmp(argv[1], "stepped") == 0) stepped();
  if (strcmp(argv[1], "storm") == 0) storm();
  if (strcmp(argv[1], "threads") == 0) threads(call, call);
  if (strcmp(argv[1], "apart") == 0) threads(call_at_times, call);
  if (strcmp(argv[1], "forks") == 0) threads(call, fork_children);
  puts("as it should be");
  return 0;
}
