// System calls of which a program sees more than the result: interrupted ones, the signal that dispatches them, registers.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "target.h"

static int said[2], handling[2], quiet[2];
static volatile sig_atomic_t handled;

static void handle(int signal) {
  (void)signal;
  ++handled;
  CHECK(write(handling[1], "x", 1) == 1);
}

static void on(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {0};
  action.sa_handler = handler;
  action.sa_flags = flags;
  CHECK(sigaction(signal, &action, NULL) == 0);
}

static char state_of(pid_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *file = fopen(path, "r");
  CHECK(file != NULL && fgets(text, sizeof text, file) != NULL);
  fclose(file);
  return strrchr(text, ')')[2];
}

static void hear(int fd) {
  char byte;
  CHECK(read(fd, &byte, 1) == 1);
}
static void say(int fd) { CHECK(write(fd, "x", 1) == 1); }

/// Sends a process the signal that sleeps for good or long, as it has said that it will.
static void signal_sleeper(pid_t pid, int signal) {
  hear(said[0]);
  while (state_of(pid) != 'S') sched_yield();
  CHECK(kill(pid, signal) == 0);
}

/// A child that does so to us. With `answer` it lets a read of `quiet` end when the handler runs.
static pid_t helper(int signal, int answer) {
  const pid_t us = getpid(), child = fork();
  CHECK(child >= 0);
  if (child != 0) return child;
  signal_sleeper(us, signal);
  if (answer) {
    hear(handling[0]);
    say(quiet[1]);
  }
  // Its end, which is a signal too, comes when it is asked for.
  hear(said[0]);
  _exit(0);
}

static void wait_for(pid_t child) {
  int status;
  say(said[1]);
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void interrupted(void) {
  char byte;
  on(SIGUSR1, handle, 0);
  pid_t child = helper(SIGUSR1, 0);
  say(said[1]);
  CHECK(read(quiet[0], &byte, 1) == -1 && errno == EINTR && handled == 1);
  wait_for(child);
  hear(handling[0]);

  on(SIGUSR1, handle, SA_RESTART);
  child = helper(SIGUSR1, 1);
  say(said[1]);
  CHECK(read(quiet[0], &byte, 1) == 1 && handled == 2);
  wait_for(child);

  // Gone on with although nothing handles it, by another call than it was.
  child = helper(SIGWINCH, 0);
  struct pollfd fd = {quiet[0], POLLIN, 0};
  say(said[1]);
  CHECK(poll(&fd, 1, 1000) == 0);
  wait_for(child);

  child = helper(SIGUSR1, 0);
  sigset_t all_but_one;
  sigfillset(&all_but_one);
  sigdelset(&all_but_one, SIGUSR1);
  say(said[1]);
  CHECK(ppoll(&fd, 1, NULL, &all_but_one) == -1 && errno == EINTR && handled == 3);
  wait_for(child);
}

/// Stopped and continued in the middle of a sleep.
static void stopped(void) {
  const pid_t us = getpid(), child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    signal_sleeper(us, SIGSTOP);
    while (state_of(us) == 'S') sched_yield();
    CHECK(kill(us, SIGCONT) == 0);
    hear(said[0]);
    _exit(0);
  }
  const struct timespec time = {1, 0};
  say(said[1]);
  CHECK(nanosleep(&time, NULL) == 0);
  wait_for(child);
}

static void *read_for_good(void *unused) {
  char byte;
  say(said[1]);
  while (read(quiet[0], &byte, 1) != 0) {
  }
  return unused;
}

/// A thread that is cancelled in the middle of a read.
static void cancelled(void) {
  pthread_t thread;
  void *result;
  CHECK(pthread_create(&thread, NULL, read_for_good, NULL) == 0);
  hear(said[0]);
  CHECK(pthread_cancel(thread) == 0);
  CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

static int is_blocked(int signal) {
  sigset_t mask;
  CHECK(pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0);
  return sigismember(&mask, signal);
}

static void look_at_mask(int signal) {
  (void)signal;
  CHECK(getuid() == geteuid());
  CHECK(!is_blocked(SIGSYS));
  ++handled;
}

/// A handler that runs under the mask of the call that it ends.
static void masked(void) {
  sigset_t both, none;
  sigemptyset(&none);
  sigemptyset(&both);
  sigaddset(&both, SIGSYS);
  sigaddset(&both, SIGUSR1);
  on(SIGUSR1, look_at_mask, 0);
  CHECK(sigprocmask(SIG_BLOCK, &both, NULL) == 0);
  for (int i = 1; i <= 3; ++i) {
    CHECK(raise(SIGUSR1) == 0 && handled == i - 1);
    CHECK(sigsuspend(&none) == -1 && errno == EINTR && handled == i);
    CHECK(getgid() == getegid() && is_blocked(SIGSYS));
  }
}

static void dispatching_signal(void) {
  struct sigaction now;
  sigset_t sys, pending;
  sigemptyset(&sys);
  sigaddset(&sys, SIGSYS);
  on(SIGSYS, SIG_IGN, 0);
  CHECK(getppid() > 0 && getuid() == getuid());
  CHECK(sigaction(SIGSYS, NULL, &now) == 0 && now.sa_handler == SIG_IGN);

  on(SIGSYS, handle, 0);
  handled = 0;
  CHECK(getgid() == getgid());
  CHECK(sigaction(SIGSYS, NULL, &now) == 0 && now.sa_handler == handle && handled == 0);
  CHECK(raise(SIGSYS) == 0 && handled == 1);

  CHECK(sigprocmask(SIG_BLOCK, &sys, NULL) == 0);
  CHECK(geteuid() == getuid());
  CHECK(is_blocked(SIGSYS));
  CHECK(raise(SIGSYS) == 0 && handled == 1);
  CHECK(getegid() == getgid() && getpgid(0) > 0 && getsid(0) >= 0);
  CHECK(is_blocked(SIGSYS) && handled == 1);
  CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGSYS) == 1);
  CHECK(sigaction(SIGSYS, NULL, &now) == 0 && now.sa_handler == handle);
  CHECK(sigprocmask(SIG_UNBLOCK, &sys, NULL) == 0 && handled == 2);
}

__attribute__((used)) static unsigned long kept[16];

/// Each register but that of the result is as the instruction leaves it, although there is no stack.
static void registers(void) {
  const unsigned long status = 0x8d5;
  for (unsigned long i = 0; i < 100; ++i) {
    const unsigned long flags = i * 0x9d & status;
    long result;
    __asm__ volatile(
        "mov %%rsp, kept(%%rip); mov %%rbp, kept+8(%%rip)\n"
        "lea -128(%%rsp), %%rsp; pushfq; pop %%rbx; and $~0x8d5, %%rbx; or %[flags], %%rbx; push %%rbx\n"
        "mov $0x1111, %%edi; mov $0x2222, %%esi; mov $0x3333, %%edx; mov $0x4444, %%r10d; mov $0x5555, %%r8d\n"
        "mov $0x6666, %%r9d; mov $0x7777, %%ebx; mov $0x8888, %%r12d; mov $0x9999, %%r13d; mov $0xaaaa, %%r14d\n"
        "mov $110, %%eax\n"  // getppid
        "popfq\n"
        "mov $8, %%rsp; mov $16, %%rbp\n"
        "syscall\n"
        "1: mov %%rcx, kept+16(%%rip); mov %%r11, kept+24(%%rip); mov %%rsp, kept+32(%%rip); mov %%rbp, kept+40(%%rip)\n"
        "mov kept(%%rip), %%rsp; mov kept+8(%%rip), %%rbp\n"
        "lea -128(%%rsp), %%rsp; pushfq; pop kept+48(%%rip); lea 128(%%rsp), %%rsp\n"
        "lea 1b(%%rip), %%rcx; mov %%rcx, kept+56(%%rip)\n"
        "mov %%rdi, kept+64(%%rip); mov %%rsi, kept+72(%%rip); mov %%rdx, kept+80(%%rip); mov %%r10, kept+88(%%rip)\n"
        "mov %%r8, kept+96(%%rip); mov %%r9, kept+104(%%rip); mov %%rbx, kept+112(%%rip); mov %%r14, kept+120(%%rip)\n"
        : "=a"(result)
        : [flags] "r"(flags)
        : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "memory", "cc");
    CHECK(result == getppid());
    CHECK(kept[2] == kept[7] && kept[4] == 8 && kept[5] == 16);
    CHECK((kept[3] & status) == flags && (kept[6] & status) == flags);
    CHECK(kept[8] == 0x1111 && kept[9] == 0x2222 && kept[10] == 0x3333 && kept[11] == 0x4444);
    CHECK(kept[12] == 0x5555 && kept[13] == 0x6666 && kept[14] == 0x7777 && kept[15] == 0xaaaa);
  }
}

/// Calls of many numbers from one instruction, such as begin processes and set rules among them.
static void numbers(void) {
  for (int i = 0; i < 60; ++i) {
    CHECK(syscall(SYS_getppid) == getppid());
    CHECK(syscall(SYS_getuid) == getuid());
    CHECK(syscall(SYS_close, 9999) == -1 && errno == EBADF);
    CHECK(syscall(SYS_prctl, PR_GET_DUMPABLE) >= 0);
    CHECK(syscall(1000 + i) == -1 && errno == ENOSYS);
    if (i % 20 != 19) continue;
    const pid_t child = (pid_t)syscall(SYS_fork);
    CHECK(child >= 0);
    if (child == 0) {
      for (int j = 0; j < 40; ++j) CHECK(syscall(SYS_getppid) > 0 && syscall(SYS_getgid) == getgid());
      syscall(SYS_exit_group, 0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
  }
}

static __attribute__((noinline)) void share_memory(void) {
  const pid_t child = vfork();
  if (child == 0) _exit(0);
  int status;
  CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

/// Many numbers from one instruction, in another order after each child that has shared the memory.
static void orders(void) {
  static const long numbers[] = {SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid};
  enum { kNumbers = sizeof numbers / sizeof *numbers };
  for (int round = 0; round < 2 * kNumbers; ++round) {
    for (int i = 0; i < 20 * kNumbers; ++i) {
      const int step = round < kNumbers ? 1 : kNumbers - 1;
      CHECK(syscall(numbers[(round + i * step) % kNumbers]) >= 0);
    }
    CHECK(syscall(SYS_getpgid, 0) > 0);
    share_memory();
  }
}

enum { kAsked = 2000 };

/// Direct calls about several clocks from one instruction, and about some that are not counted by themselves.
static void clocks(void) {
  static const clockid_t asked[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID, CLOCK_BOOTTIME};
  enum { kClocks = sizeof asked / sizeof *asked };
  const clockid_t of_process = (clockid_t)(~(unsigned)getpid() << 3 | 2);
  struct timespec now, before[kClocks] = {{0}};
  for (int i = 0; i < kAsked; ++i) {
    for (int k = 0; k < kClocks; ++k) {
      CHECK(syscall(SYS_clock_gettime, asked[k], &now) == 0);
      CHECK(now.tv_sec > before[k].tv_sec || (now.tv_sec == before[k].tv_sec && now.tv_nsec >= before[k].tv_nsec));
      before[k] = now;
    }
    CHECK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &now) == 0 && now.tv_sec == 0);
    // The kernel looks at 32 bits.
    CHECK(syscall(SYS_clock_getres, CLOCK_BOOTTIME | 0x7700000000, &now) == 0);
    if (i % 100 == 0) CHECK(syscall(SYS_clock_gettime, of_process, &now) == 0);
    if (i % 100 == 0) CHECK(syscall(SYS_clock_gettime, 99, &now) == -1 && errno == EINVAL);
    if (i % 100 == 0) CHECK(syscall(SYS_clock_gettime, CLOCK_TAI, 8) == -1 && errno == EFAULT);
  }
}

static volatile long ticks;

static void tick(int signal) {
  (void)signal;
  ++ticks;
  const int saved = errno;
  syscall(SYS_getuid);
  errno = saved;
}

/// Signals in the middle of calls, wherever they strike.
static void storm(void) {
  on(SIGALRM, tick, 0);
  for (int i = 0; i < 1000; ++i) CHECK(open("/nothing", O_RDONLY) == -1 && errno == ENOENT);
  const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
  const pid_t parent = getppid();
  for (int i = 0; i < 100000; ++i) CHECK(syscall(SYS_getppid) == parent);
  for (int i = 0; i < 100000; ++i) CHECK(syscall(SYS_close, 9999) == -1 && errno == EBADF);
  struct timespec fine;
  for (int i = 0; i < 50000; ++i) CHECK(syscall(SYS_clock_getres, i % 2 == 0 ? CLOCK_REALTIME : CLOCK_BOOTTIME, &fine) == 0);
  for (int i = 0; i < 49000; ++i) CHECK(open("/nothing", O_RDONLY) == -1 && errno == ENOENT);
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
  dprintf(2, "getuid %ld\n", ticks);
}

static volatile char selector;

static void answer(int signal, siginfo_t *info, void *context) {
  CHECK(signal == SIGSYS && info->si_syscall == SYS_getppid);
  selector = 0;
  ++handled;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 42;
}

/// A program that has its own calls dispatched to it.
static void dispatches(void) {
  struct sigaction action = {0};
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO;
  CHECK(sigaction(SIGSYS, &action, NULL) == 0);
  if (prctl(59, 1, 0, 0, &selector) != 0) {  // PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON
    puts("not here");
    return;
  }
  for (int i = 1; i <= 3; ++i) {
    selector = 1;
    const long answered = syscall(SYS_getppid);
    CHECK(answered == 42 && handled == i && syscall(SYS_getppid) == getppid());
  }
  CHECK(prctl(59, 0, 0, 0, 0) == 0);
}

static const struct {
  const char *name;
  void (*test)(void);
} tests[] = {
    {"interrupted", interrupted}, {"stopped", stopped},     {"cancelled", cancelled},
    {"signal", dispatching_signal}, {"registers", registers}, {"dispatches", dispatches},     {"numbers", numbers},
    {"masked", masked},
    {"storm", storm},           {"orders", orders},         {"clocks", clocks},
};

int main(int argc, char **argv) {
  CHECK(argc == 2 && pipe(said) == 0 && pipe(handling) == 0 && pipe(quiet) == 0);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    if (strcmp(argv[1], tests[i].name) != 0) continue;
    tests[i].test();
    puts("as it should be");
    return 0;
  }
  return 98;
}
