// System calls that fill in structures which 32-bit programs have in other forms than 64-bit ones.
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
  return 0;
}
