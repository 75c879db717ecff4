// no_restart CALL MS: sleeps in CALL for so long, under a filter that kills for restart_syscall, by which the kernel goes on with such
// calls after a stop. The call is to answer as if nothing had happened, and not too early.
//
//   CALL  nanosleep, clock_nanosleep: want no remainder; nanosleep-rest, clock_nanosleep-rest: do; clock_nanosleep-abs; poll;
//         futex; futex-abs; handled: nanosleep-rest whose EINTR, of the handler for SIGUSR1, is to be seen
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "target.h"

static struct timespec whole, rest, end;
static const char *call;

static int is(const char *name) { return strcmp(call, name) == 0; }
static long long ns(struct timespec t) { return t.tv_sec * 1000000000LL + t.tv_nsec; }
static struct timespec now(void) {
  struct timespec t;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
  return t;
}

static void forbid_restart(void) {
  struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                               BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_restart_syscall, 0, 1),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void handle(int signal) { (void)signal; }

static void sleep_in_call(int ms) {
  static unsigned word;
  if (is("nanosleep")) CHECK(nanosleep(&whole, NULL) == 0);
  if (is("nanosleep-rest")) CHECK(nanosleep(&whole, &rest) == 0);
  if (is("handled")) CHECK(nanosleep(&whole, &rest) == -1 && errno == EINTR && ns(rest) < ns(whole) + 1000000);
  if (is("clock_nanosleep")) CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &whole, NULL) == 0);
  if (is("clock_nanosleep-rest")) CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &whole, &rest) == 0);
  if (is("clock_nanosleep-abs")) CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == 0);
  if (is("poll")) CHECK(poll(NULL, 0, ms) == 0);
  if (is("futex")) CHECK(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &whole, NULL, 0) == -1 && errno == ETIMEDOUT);
  if (is("futex-abs"))
    CHECK(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &end, NULL, FUTEX_BITSET_MATCH_ANY) == -1 && errno == ETIMEDOUT);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  call = argv[1];
  const int ms = atoi(argv[2]);
  whole.tv_sec = ms / 1000;
  whole.tv_nsec = ms % 1000 * 1000000;
  signal(SIGUSR1, handle);
  signal(SIGUSR2, SIG_IGN);
  forbid_restart();
  end = now();
  end.tv_sec += ms / 1000;
  const long long earliest = ns(end);
  dprintf(1, "ready\n");
  sleep_in_call(ms);
  CHECK(is("handled") || ns(now()) >= earliest);
  ask_the_time(10);
  dprintf(1, "slept\n");
  return 3;
}
