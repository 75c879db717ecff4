// origin filter|trap|dispatch: judges system calls by where they come from, as sandboxes and emulators do, and makes vDSO
// calls that enter the kernel. Says what became of them.
//
//   filter    a seccomp filter lets these calls in from the vDSO only; from elsewhere they get EPERM
//   trap      a seccomp filter sends SIGSYS for them, whose handler tells where the call came from
//   dispatch  syscall user dispatch (Linux 5.11) sends SIGSYS for every system call that does not come from the vDSO
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "areas.h"
#include "ready.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif
enum { kAllow = 0, kBlock = 1 };  // SYSCALL_DISPATCH_FILTER_*

typedef int ClockGetres(clockid_t, struct timespec *);
typedef ssize_t Getrandom(void *, size_t, unsigned, void *, size_t);

static volatile char selector = kAllow;
static volatile int dispatching, trapped;
static void *volatile came_from;

static void on_sigsys(int signal, siginfo_t *info, void *context) {
  (void)signal;
  selector = kAllow;
  ++trapped;
  came_from = info->si_call_addr;
  if (!dispatching) ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 0;
}

/// The calls in question are judged by `from_vdso` if the vDSO made them, else by `from_elsewhere`.
static void filter(unsigned from_vdso, unsigned from_elsewhere) {
  const uintptr_t start = (uintptr_t)vdso_code.start, end = (uintptr_t)vdso_code.end - 1;
  CHECK(start >> 32 == end >> 32);
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_getres, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer) + 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(start >> 32), 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, instruction_pointer)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)start, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)end, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, from_vdso),
      BPF_STMT(BPF_RET | BPF_K, from_elsewhere),
  };
  struct sock_fprog whole = {sizeof program / sizeof *program, program};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) == 0);
}

static void dispatch(void) {
  const long set = prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, vdso_code.start,
                         vdso_code.end - vdso_code.start, &selector);
  if (set != 0) {
    dprintf(1, "no dispatch\n");
    _exit(77);
  }
  dispatching = 1;
}

static void say(const char *name, long result) {
  selector = kAllow;
  dprintf(1, "%s: %ld", name, result);
  if (trapped > 0) {
    if (in_vdso(came_from)) {
      dprintf(1, ", %d times SIGSYS, from [vdso] + %#zx", trapped, (char *)came_from - vdso_code.start);
    } else {
      dprintf(1, ", %d times SIGSYS, from elsewhere", trapped);
    }
  }
  dprintf(1, "\n");
  trapped = 0;
}

static void begin(void) {
  if (dispatching) selector = kBlock;
}

static void make_calls(void) {
  const clockid_t clocks[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, 1234567};
  ClockGettime *gettime = vdso("__vdso_clock_gettime");
  ClockGetres *getres = vdso("__vdso_clock_getres");
  Getrandom *random = vdso("__vdso_getrandom");
  struct timespec answer;
  static char state[256] __attribute__((aligned(256)));  // must not straddle a page
  char bytes[16];
  CHECK(gettime != NULL);
  for (int i = 0; i < 3; ++i) {
    begin();
    say("clock_gettime", gettime(clocks[i], &answer));
    if (getres == NULL) continue;
    begin();
    say("clock_getres", getres(clocks[i], &answer));
  }
  if (random == NULL) return;
  begin();
  say("getrandom", random(bytes, sizeof bytes, 0, state, 1));  // no size of a state: the kernel is asked
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
  struct timespec answer;
  CHECK(argc > 1 && sigaction(SIGSYS, &action, NULL) == 0);
  find_areas();
  if (strcmp(argv[1], "filter") == 0) filter(SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM);
  if (strcmp(argv[1], "trap") == 0) filter(SECCOMP_RET_TRAP, SECCOMP_RET_TRAP);
  if (strcmp(argv[1], "dispatch") == 0) dispatch();
  wait_if_asked();
  for (int round = 0; round < 3; ++round) make_calls();
  begin();
  long result = syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &answer);
  say("system call", dispatching ? 0 : result);  // SIGSYS leaves the number there
  return 0;
}
