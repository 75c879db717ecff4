// seccomp_filter [fall_back|many]: a filter kills whoever makes a clock system call, or sleeps. The vDSO does neither,
// unless a clock falls back. `many`: more calls than anybody takes note of at once.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "target.h"

static void forbid_clock_calls(void) {
  static const int forbidden[] = {SYS_clock_gettime, SYS_gettimeofday, SYS_time, SYS_getcpu,
                                  SYS_clock_getres,  SYS_futex,        SYS_nanosleep, SYS_sched_yield};
  enum { kForbidden = sizeof forbidden / sizeof *forbidden };
  struct sock_filter code[kForbidden + 3];
  code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < kForbidden; ++i) {
    code[1 + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i],
                                               kForbidden - i, 0);
  }
  code[kForbidden + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  code[kForbidden + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  struct sock_fprog program = {kForbidden + 3, code};
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

int main(int argc, char **argv) {
  struct timeval day;
  struct timespec now;
  forbid_clock_calls();
  const long asks = argc > 1 && strcmp(argv[1], "many") == 0 ? 20000 : 5;
  ask_the_time(asks);
  for (int i = 0; i < 4; ++i) CHECK(gettimeofday(&day, NULL) == 0 && time(NULL) >= day.tv_sec - 1);
  made("clock_gettime", "vdso", asks);
  made("gettimeofday", "vdso", 4);
  made("time", "vdso", 4);
  if (argc > 1 && strcmp(argv[1], "fall_back") == 0) {
    left("clock_gettime", 1);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);  // dies of SIGSYS
  }
  return 0;
}
