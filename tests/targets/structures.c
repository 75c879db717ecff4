// System calls that fill in structures which 32-bit programs have in other forms than 64-bit ones.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "target.h"

int main(void) {
  long room[64];
  CHECK(syscall(SYS_getrusage, RUSAGE_SELF + 1000, room) == -1);
  CHECK(syscall(SYS_getrusage, RUSAGE_CHILDREN, room) == 0);
  CHECK(syscall(SYS_wait4, -1, NULL, 0, room) == -1 && errno == ECHILD);
  CHECK(syscall(SYS_stat, "/dev/null", room) == 0);
  CHECK(syscall(SYS_lstat, "/proc/self", room) == 0);
  CHECK(syscall(SYS_fstat, 1000, room) == -1);
#ifdef __i386__
  CHECK(syscall(SYS_stat64, "/dev/null", room) == 0);
  CHECK(syscall(SYS_fstatat64, -100, "/", room, 0) == 0);
  CHECK(syscall(SYS_setgroups32, 2, (unsigned[]){70000, 5}) == 0 || errno == EPERM);
  CHECK(syscall(SYS_getgroups32, 64, room) >= 0);
#endif
  CHECK(syscall(SYS_getgroups, 64, room) >= 0);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = SIGURG;  // ignored by default
  info.si_code = SI_QUEUE;
  info.si_pid = 7;
  info.si_uid = 9;
  info.si_value.sival_int = 11;
  CHECK(syscall(SYS_rt_sigqueueinfo, -1, SIGURG, &info) == -1);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) _exit(3);
  CHECK(syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOWAIT, room) == 0);
  CHECK(syscall(SYS_wait4, -1, NULL, 0, room) == child);
  return 0;
}
