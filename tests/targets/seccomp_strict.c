// After this prctl only read, write, exit and sigreturn are allowed; the vDSO still works,
// but for the clocks that read the processor's counter: this mode forbids rdtsc too.
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "target.h"

int main(void) {
  ClockGettime *gettime = vdso("__vdso_clock_gettime");
  struct timespec now;
  CHECK(gettime != NULL);
  CHECK(gettime(CLOCK_MONOTONIC, &now) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
  for (int i = 0; i < 9; ++i) CHECK(gettime(CLOCK_MONOTONIC_COARSE, &now) == 0);
  static const char text[] = "made clock_gettime vdso 10\n";
  if (write(1, text, sizeof text - 1) != sizeof text - 1) syscall(SYS_exit, 1);
  syscall(SYS_exit, 8);
}
