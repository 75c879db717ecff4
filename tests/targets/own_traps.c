// own_traps MODE: programs that have their own use for SIGTRAP.
#include <signal.h>
#include <ucontext.h>

#include "target.h"

static volatile int traps;
static int expected_code;

static void on_trap(int signal, siginfo_t *info, void *context) {
  (void)context;
  CHECK(signal == SIGTRAP && info->si_code == expected_code);
  ++traps;
}

static void handle(int code) {
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  expected_code = code;
  CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
}

static void breakpoints(void) {
  handle(SI_KERNEL);
  for (int i = 0; i < 5; ++i) {
    __asm__ volatile("int3" ::: "memory");
    ask_the_time(2);
  }
  CHECK(traps == 5);
  made(CLOCK_CALL, "vdso", 10);
}

static void sent(void) {
  handle(SI_USER);
  ask_the_time(2);
  CHECK(kill(getpid(), SIGTRAP) == 0 && traps == 1);
  expected_code = SI_TKILL;
  CHECK(raise(SIGTRAP) == 0 && traps == 2);
  expected_code = SI_QUEUE;
  CHECK(sigqueue(getpid(), SIGTRAP, (union sigval){0}) == 0 && traps == 3);
  ask_the_time(2);
  CHECK(traps == 3);
  made(CLOCK_CALL, "vdso", 4);
}

/// A trap that the processor raises resets an ignored or blocked SIGTRAP; nobody may notice.
static void ignored(void) {
  struct sigaction action = {.sa_handler = SIG_IGN}, after;
  CHECK(sigaction(SIGTRAP, &action, NULL) == 0);
  ask_the_time(5);
  CHECK(sigaction(SIGTRAP, NULL, &after) == 0 && after.sa_handler == SIG_IGN);
  CHECK(kill(getpid(), SIGTRAP) == 0);
  made(CLOCK_CALL, "vdso", 5);
}

static void blocked(void) {
  sigset_t all, before = {0}, after = {0}, pending;
  handle(SI_USER);
  sigfillset(&all);
  CHECK(sigprocmask(SIG_SETMASK, &all, NULL) == 0);
  CHECK(sigprocmask(SIG_SETMASK, NULL, &before) == 0 && sigismember(&before, SIGTRAP) == 1);
  ask_the_time(5);
  CHECK(sigprocmask(SIG_SETMASK, NULL, &after) == 0);
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  struct sigaction action;
  CHECK(sigaction(SIGTRAP, NULL, &action) == 0 && action.sa_sigaction == on_trap);
  CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGTRAP) == 0);

  CHECK(kill(getpid(), SIGTRAP) == 0);
  ask_the_time(5);
  CHECK(traps == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGTRAP) == 1);
  siginfo_t info;
  CHECK(sigwaitinfo(&pending, &info) == SIGTRAP && info.si_code == SI_USER);
  made(CLOCK_CALL, "vdso", 10);
}

static void unhandled(void) {
  ask_the_time(2);
  made(CLOCK_CALL, "vdso", 2);
  __asm__ volatile("int3");
}

#ifdef __x86_64__
/// The trap flag in the middle of the program, then across a vDSO call.
#define SET_TRAP_FLAG "pushfq; orl $0x100, (%%rsp); popfq\n"
#define CLEAR_TRAP_FLAG "pushfq; andl $~0x100, (%%rsp); popfq\n"
static void steps(void) {
  handle(TRAP_TRACE);
  ask_the_time(1);
  __asm__ volatile("lea -128(%%rsp), %%rsp\n" SET_TRAP_FLAG "nop; nop; nop\n" CLEAR_TRAP_FLAG
                   "lea 128(%%rsp), %%rsp" ::: "memory", "cc");
  dprintf(1, "%d steps\n", traps);
  ask_the_time(1);
  made(CLOCK_CALL, "vdso", 2);
}

static void steps_through(void) {
  Time *time_ = vdso("__vdso_time");
  CHECK(time_ != NULL);
  handle(TRAP_TRACE);
  long result = 0;
  __asm__ volatile("mov %%rsp, %%rbx\n"
                   "lea -128(%%rsp), %%rsp\n"
                   "and $-16, %%rsp\n" SET_TRAP_FLAG
                   "xor %%edi, %%edi\n"
                   "call *%[time]\n" CLEAR_TRAP_FLAG
                   "mov %%rbx, %%rsp"
                   : "=a"(result)
                   : [time] "r"(time_)
                   : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
  CHECK(result > 1000000000 && traps > 5);
  made("time", "vdso", 1);
}
#endif

static const struct {
  const char *name;
  void (*run)(void);
} kModes[] = {{"breakpoints", breakpoints}, {"sent", sent},   {"ignored", ignored},
              {"blocked", blocked},         {"unhandled", unhandled},
#ifdef __x86_64__
              {"steps", steps},             {"steps_through", steps_through},
#endif
};

int main(int argc, char **argv) {
  for (unsigned i = 0; i < sizeof kModes / sizeof *kModes; ++i) {
    if (argc > 1 && strcmp(argv[1], kModes[i].name) == 0) return kModes[i].run(), 0;
  }
  dprintf(2, "own_traps: unknown mode\n");
  return 1;
}
